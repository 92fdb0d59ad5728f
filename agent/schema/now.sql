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

-- One row is one id that an alarm or an incident has given. The file is evidence/{id}.age; none lies there without a row.
create table evidence (
  number   integer primary key,                   -- order of acceptance
  id       text    not null unique,               -- UUID; the last part of its topic
  camera   text    not null,
  kind     text    not null,                      -- snapshot, blurred, clip
  severity integer not null,                      -- of the alarm, 0 DEBUG to 4 FATAL: the least severe gives way first
  bytes    integer not null default 0,            -- of the sealed file
  sha256   text    not null default '',           -- of the sealed file
  state    integer not null check (state between 0 and 2),
           -- 0 promised, the file is being made; 1 kept and owed; 2 over: stored at the centre, or lost and told
  since_ns integer not null default 0,            -- UTC of a trusted clock when it was kept; 0 = there was none yet
  incident text    not null default ''            -- that it shows; '' = none yet
) strict;

-- Roots of complete subtrees of an epoch's Merkle log: level 0 leaves, level 1 of 256 leaves, level 2 of 65,536.
create table tree (
  epoch integer not null references epoch (id),
  level integer not null check (level between 0 and 2),
  idx   integer not null check (idx >= 0),
  hash  blob    not null check (length(hash) = 32),
  primary key (epoch, level, idx)
) strict, without rowid;

-- What the leaves since the last statement add up to. A statement takes the rows into itself and removes them.
create table tally (
  kind  text    not null,                         -- of docs/ledger.md: granted, reversed, forgotten, visit, ...
  day   text    not null,                         -- the school's day that the leaf is of; '' = not known yet
  what  text    not null,                         -- programme or club
  tenge integer not null,                         -- for one
  count integer not null default 0,
  primary key (kind, day, what, tenge)
) strict, without rowid;

-- One row is one meal that was given.
create table meal (
  number       integer primary key,
  pupil        text    not null,                  -- '' = a forgotten card
  day          text    not null,                  -- '' = not known: the clock was not trusted
  meal         text    not null,
  programme    text    not null,
  tenge        integer not null,
  first        text    not null default '',       -- from first to last the pupil was entitled, as known when it was given
  last         text    not null default '',
  state        integer not null default 0 check (state between 0 and 3),  -- of agent/school/meal_rows.py: 0 granted,
                                                  -- 1 reversed, 2 not counted, 3 counted, its day will never be known
  utc_ns       integer not null,                  -- as the clock said
  boot         text    not null,                  -- of which life of the machine
  monotonic_ns integer not null,
  reader       text    not null,
  leaf         text    not null                   -- "{epoch}/{index}" of its leaf; '' = told by the centre's welcome
) strict;
create unique index meal_once on meal (day, meal, pupil) where state = 0 and day <> '' and pupil <> '';
create index meal_of_pupil on meal (pupil, number);
create index meal_undated on meal (number) where day = '' and state = 0;
create index meal_undated_of_boot on meal (boot, number) where day = '' and state = 0;
create index meal_undated_of_pupil on meal (pupil, number) where day = '' and state = 0;
create index meal_dated on meal (number) where day <> '';

-- One row is one child in a club, and afterwards the visit.
create table visit (
  number       integer primary key,
  pupil        text    not null,
  club         text    not null,
  voucher      text    not null,
  day          text    not null,
  reader       text    not null,
  state        integer not null default 0 check (state between 0 and 2),  -- 0 inside, 1 ended by a tap, 2 by rule
  utc_ns       integer not null,                  -- when the child came, as the clock said
  boot         text    not null,
  monotonic_ns integer not null,
  ended_ns     integer not null default 0
) strict;
create index visit_open on visit (state, club);
create index visit_of_pupil on visit (pupil, number);

-- The latest passages of the entrance, for presence and for two places at once.
create table passage (
  number       integer primary key,
  pupil        text    not null,
  day          text    not null,
  way          text    not null check (way in ('in', 'out')),
  reader       text    not null,
  utc_ns       integer not null,
  boot         text    not null,
  monotonic_ns integer not null
) strict;
create index passage_of_pupil on passage (pupil, number);
create index passage_of_day on passage (day);
create index passage_undated on passage (boot, monotonic_ns) where day = '';

-- For people: one row an event. sqlite-utils rows outbox.db event --limit 5
create view event as
select e.uuid as epoch, m.lane as lane, m.first + j.key as sequence, m.first + j.key <= l.settled as settled,
       json_extract(j.value, '$.type') as type, json_extract(j.value, '$.time') as time, j.value as json
from message m
join epoch e on e.id = m.epoch
join lane l on l.epoch = m.epoch and l.lane = m.lane
join json_each('[' || cast(m.body as text) || ']') j;

-- One row is what one detector of one camera came to within an hour; kept for a month. Counts, no pictures.
create table score (
  hour     integer not null,                      -- since 1970, UTC; written only while the clock is trusted
  camera   text    not null,
  detector text    not null,                      -- '' = the camera itself: how long it gave pictures, and how many
  period   text    not null,                      -- lessons, breaks, night; joined by '+' where it is several, or not known
  seconds  integer not null,                      -- that it watched
  pictures integer not null,
  runs     integer not null,
  hits     integer not null,                      -- runs that spoke for something, before any vote
  votes    integer not null,                      -- what the vote let through
  told     integer not null,                      -- of those what was news, in a zone of the detector
  looks    text    not null,                      -- JSON, bin of agent/pipelines/scores.py -> looks
  minutes  text    not null,                      -- the same: minutes, by the highest score of the vote
  again    text    not null,                      -- the same: minutes that follow another, by what both reached
  primary key (hour, camera, detector, period)
) strict, without rowid;

-- One row is one suspicion that was raised as an alarm; kept as long.
create table sighting (
  id       integer primary key,
  camera   text    not null,
  detector text    not null,
  kind     text    not null,                      -- of agent/pipelines/sighting.py
  zone     text    not null,
  score    real    not null,                      -- of its vote: with a threshold above it, it would not have been told
  at_ns    integer not null                       -- UTC as the clock said
) strict;
create index sighting_of_camera on sighting (camera, kind, at_ns);

-- What a person decided of it. The last word counts.
create table sighting_verdict (
  sighting_id integer primary key references sighting (id) on delete cascade,
  verdict     text    not null check (verdict in ('confirmed', 'dismissed')),
  at_ns       integer not null
) strict;

-- One row is one incident. What became of it is in the events; here is what the next step needs.
-- A moment is JSON of agent/school/since.py: UTC as the clock said, whether it was trusted, boot, monotonic nanoseconds.
create table incident (
  number      integer primary key,
  id          text    not null unique,            -- UUID: that of its events
  kind        text    not null,                   -- of agent/incidents/kinds.py
  place       text    not null,                   -- '' = nobody told where
  drill       integer not null check (drill in (0, 1)),
  report      text    not null,                   -- the centre's id of the report typed there; '' = none
  certainty   text    not null,                   -- suspected, corroborated, certain
  state       text    not null,                   -- of agent/incidents/life.py
  step        integer not null,                   -- of the chain: rises with each escalation
  reminded    integer not null,                   -- how often at this step
  told        integer not null,                   -- how often somebody was told
  reached     text    not null,                   -- JSON: all who were told, in order
  latest_told text    not null,                   -- JSON: who was told last
  answered_by text    not null,                   -- who acknowledged first; '' = nobody yet
  opened      text    not null,                   -- moment
  since       text    not null,                   -- moment: in this state
  latest_sign text    not null,                   -- moment
  due         text,                               -- moment of the next deadline; null = nothing follows by itself
  changes     integer not null                    -- rises with each change of this row
) strict;
create index incident_live on incident (number) where state <> 'closed';

-- What speaks for an incident: one row for each source and what it told.
create table incident_sign (
  incident integer not null references incident (number) on delete cascade,
  source   text    not null,
  what     text    not null,
  family   text    not null,                      -- sensor, camera, person, link: of one family two may err together
  certain  integer not null check (certain in (0, 1)),
  camera   text    not null,                      -- that saw it; '' = none
  count    integer not null,                      -- how often it told
  first    text    not null,                      -- moment
  primary key (incident, source, what)
) strict, without rowid;

-- One row is one stretch of time in which something was as it was; kept for a month, at most 200 of each.
create table history (
  number   integer primary key,                   -- in the order in which they began last
  part     text    not null check (part in ('device', 'centre', 'clock', 'agent')),
  name     text    not null,                      -- of a device; '' = there is only one
  state    text    not null,                      -- of agent/history/rows.py
  code     text    not null,                      -- of docs/errors.md; '' = no trouble
  what     text    not null,                      -- the fact
  advice   text    not null,                      -- the instruction
  port     text    not null,                      -- under which the device was found; '' = it has none
  boot     text    not null,                      -- of which life of the machine
  at_ns    integer not null,                      -- UTC when it began, the last time if it began several times
  first_ns integer not null,                      -- UTC when it began first
  times    integer not null,                      -- how often it began: what comes and goes is one row each
  clock_ok integer not null check (clock_ok in (0, 1)),  -- 0: the clock was not trusted when it began
  readings integer not null default 0,            -- within it
  garbled  integer not null default 0,            -- frames within it that were none
  last_ns  integer not null default 0             -- UTC of its last reading; 0 = none
) strict;
create index history_of on history (part, name, number);
