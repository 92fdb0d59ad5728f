-- The box's database, step 5: incidents, from the first sign to the end.

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
