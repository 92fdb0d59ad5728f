-- The box's database, step 4: what the cameras' detectors scored and told, and what people said of it.

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
