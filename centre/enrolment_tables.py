"""The tables of enrolment: invitations, certificates of boxes, lost signing keys. Part of the schema of
centre/database.py.
"""

ENROLMENT_TABLES = """
-- one invitation a school; a newer one takes its place. sha256: of the token, which itself is kept nowhere. spki: hash
-- of the public key that has used it; empty: nobody has. serial: of the certificate that this key was given.
create table if not exists enrolment_token (
  school text primary key, sha256 text not null, made_ns bigint not null, expires_ns bigint not null,
  spki text not null default '', serial text not null default '');
-- one certificate of a box. serial: hexadecimal, as the revocation list has it. identity: the signing key that was
-- proven with it. revoked_ns: 0 while it is good.
create table if not exists box_certificate (
  serial text primary key, school text not null, sha256 text not null, identity {bytes} not null, body {bytes} not null,
  issued_ns bigint not null, expires_ns bigint not null, revoked_ns bigint not null default 0,
  reason text not null default '');
create index if not exists box_certificate_school on box_certificate (school);
-- certificates that a box has shown to the EST server, and when first: those before it are over then.
create table if not exists box_certificate_shown (serial text primary key, shown_ns bigint not null);
-- signing keys of boxes that are lost: no box with such a key is ever enrolled again.
create table if not exists lost_key (
  identity {bytes} primary key, school text not null, lost_ns bigint not null);
"""
