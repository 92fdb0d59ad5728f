"""The tables of incidents and of who answers for them: part of the schema of centre/database.py.

Everything of a box here is made from stored events, and could be made from them again; reports, orders, accounts and
the custody log are the centre's own.
"""

INCIDENT_TABLES = """
-- one incident as its steps make it: centre/incident_life.py. state: opened, told, acknowledged, confirmed, dismissed,
-- closed. opened_at is the box's time, opened_ns when the centre first heard of it, changed_ns when it last did.
create table if not exists incident (
  school text not null, id text not null, kind text not null, place text not null, certainty text not null,
  drill smallint not null, state text not null, outcome text not null, opened_at text not null,
  opened_ns bigint not null, changed_ns bigint not null, step bigint not null, why text not null,
  answer_by text not null, told bigint not null, signs bigint not null, primary key (school, id));
create index if not exists incident_open on incident (school) where state <> 'closed';
create index if not exists incident_changed on incident (changed_ns);
-- one event of an incident. digest: of what the event says, so that a copy sent ahead, or one issued again in another
-- epoch, is the same step. stream 0: it came ahead, and has no place in a lane yet.
create table if not exists incident_step (
  school text not null, incident text not null, digest text not null, what text not null, at text not null,
  stream bigint not null, sequence bigint not null, received_ns bigint not null, body text not null,
  primary key (school, incident, digest));
create index if not exists incident_step_place on incident_step (school, incident, stream, sequence);
-- a file that shows an incident. kind: snapshot, blurred, clip
create table if not exists incident_evidence (
  school text not null, evidence text not null, incident text not null, kind text not null, camera text not null,
  primary key (school, evidence, incident));
-- a copy sent ahead whose event has come in its lane; gone after a month, when nobody asks for the copy any more
create table if not exists ahead_came (
  school text not null, id text not null, came_ns bigint not null, primary key (school, id));
create index if not exists ahead_came_old on ahead_came (school, came_ns);
create index if not exists ahead_received on ahead (received_ns);
-- the newest list of a box's cameras, and where in its lanes that was
create table if not exists camera_list (
  school text primary key, stream bigint not null, sequence bigint not null, at text not null, clock text not null,
  received_ns bigint not null, body text not null);
-- live views, as the boxes tell of them. state: started, ended
create table if not exists live_session (
  school text not null, session text not null, camera text not null, account text not null, host text not null,
  state text not null, started_at text not null, ended_at text not null, reason text not null, seconds bigint not null,
  bytes bigint not null, changed_ns bigint not null, primary key (school, session));
-- what somebody typed at the centre. incident: the one that the box made of it, or joined it to; empty: none yet
create table if not exists report (
  id text primary key, school text not null, kind text not null, place text not null, certain smallint not null,
  drill smallint not null, words text not null, language text not null, contact text not null, reporter text not null,
  account text not null, made_ns bigint not null, incident text not null default '', taken_ns bigint not null default 0,
  told bigint not null default 0, told_ns bigint not null default 0, answer text not null default '',
  answered_by text not null default '', answered_ns bigint not null default 0, reason text not null default '');
create index if not exists report_waits on report (school) where incident = '';
-- one person who is to know. id: of the step and the addressee, so that it is made once. by_centre 1: the centre tells
-- by itself, because the box is silent; incident is then the report's id. state: new, sent, failed (given up), late (it
-- was over, or told again, before it could be sent), capped (its school has had too many in this hour). at: when the
-- box told it
create table if not exists notification (
  id text primary key, school text not null, incident text not null, number bigint not null, why text not null,
  role text not null, person text not null, by_centre smallint not null, answer_by text not null, at text not null,
  made_ns bigint not null, channel text not null default 'desk', state text not null default 'new',
  tries bigint not null default 0, next_ns bigint not null default 0, sent_ns bigint not null default 0,
  error text not null default '');
create index if not exists notification_incident on notification (school, incident);
create index if not exists notification_sent on notification (school, sent_ns) where state in ('sent', 'capped');
create index if not exists notification_new on notification (next_ns) where state = 'new';
-- an order that is to reach a box, however long that takes. state: due, sent, done, failed, refused, expired
create table if not exists order_due (
  id {serial}, school text not null, name text not null, args text not null, subject text not null,
  account text not null, made_ns bigint not null, until_ns bigint not null, next_ns bigint not null default 0,
  number bigint not null default 0, sent_ns bigint not null default 0, tries bigint not null default 0,
  state text not null default 'due', result text not null default '', error text not null default '');
create index if not exists order_due_now on order_due (next_ns) where state in ('due', 'sent');
create index if not exists order_due_subject on order_due (school, subject);
-- who looked at what: each row holds the hash of the one before
create table if not exists custody (
  number bigint primary key, at_ns bigint not null, account text not null, school text not null,
  evidence text not null, what text not null, reason text not null, hash text not null);
create table if not exists custody_end (id smallint primary key, number bigint not null, hash text not null);
-- who may log in at the desk, or answers by name on the command line. role: operator, police, responsible
create table if not exists account (
  name text primary key, role text not null, school text not null, person text not null, language text not null,
  password text not null, made_ns bigint not null, ended_ns bigint not null default 0);
-- who is logged in at the desk. token: hash of the cookie's; password: hash of what was kept of it then
create table if not exists desk_session (
  token text primary key, account text not null, password text not null, made_ns bigint not null);
"""
