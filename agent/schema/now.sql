-- The whole schema as a document; climbing all steps ends here (tested).

-- One life of the numbering. A new one begins with the database, after damage, after a rewind, after a conflict.
create table epoch (
  id        integer primary key,                  -- order of opening; the highest is the current one
  uuid      text    not null unique,              -- the epoch's name on the wire
  opened_ns integer not null,                     -- UTC since 1970, as far as the clock knew
  reason    text    not null                      -- new, damaged, rewind, conflict
) strict;

-- How far a lane is settled: receipted by the centre, or recorded as lost. Written late; a crash only causes repeats.
create table lane (
  epoch   integer not null references epoch (id),
  lane    integer not null check (lane between 0 and 2),  -- 0 alarm, 1 record, 2 telemetry
  settled integer not null default 0,             -- end of the settled prefix; rows up to it may be removed
  primary key (epoch, lane)
) strict, without rowid;

-- A run: contiguous events of one lane that were accepted in one commit. One row is one promise to the centre.
create table message (
  epoch       integer not null references epoch (id),
  lane        integer not null check (lane between 0 and 2),
  first       integer not null,                   -- sequence of its first event
  last        integer not null check (last >= first),
  accepted_ns integer not null,                   -- UTC since 1970; settled runs are removed by this age
  crc         integer not null,                   -- CRC-32 of body: silent damage of the card must not become an event
  body        blob    not null,                   -- the events' JSON as sent, joined by commas
  primary key (epoch, lane, first)
) strict, without rowid;

-- Small durable facts: the last order and its answer.
create table fact (
  key   text primary key,
  value blob not null
) strict, without rowid;

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

-- For people: one row an event. sqlite-utils rows outbox.db event --limit 5
create view event as
select e.uuid as epoch, m.lane as lane, m.first + j.key as sequence, m.first + j.key <= l.settled as settled,
       json_extract(j.value, '$.type') as type, json_extract(j.value, '$.time') as time, j.value as json
from message m
join epoch e on e.id = m.epoch
join lane l on l.epoch = m.epoch and l.lane = m.lane
join json_each('[' || cast(m.body as text) || ']') j;
