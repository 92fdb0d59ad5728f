-- The box's database, step 2: pictures that are kept as encrypted files until the centre has them.

-- One row is one id that an alarm has given. The picture lies in evidence/{id}.age; no picture lies there without a row.
create table evidence (
  number   integer primary key,                   -- order of acceptance
  id       text    not null unique,               -- UUID; the last part of its topic
  camera   text    not null,
  kind     text    not null,                      -- snapshot
  severity integer not null,                      -- of the alarm, 0 DEBUG to 4 FATAL: the least severe gives way first
  bytes    integer not null default 0,            -- of the sealed file
  sha256   text    not null default '',           -- of the sealed file
  state    integer not null check (state between 0 and 2)
           -- 0 promised, the file is being made; 1 kept and owed; 2 over: stored at the centre, or lost and told
) strict;
