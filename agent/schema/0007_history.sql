-- The box's database, step 7: what became of its devices, its link, its clock and the agent itself, for `mektep why`.

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
