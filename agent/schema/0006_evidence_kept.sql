-- The box's database, step 6: since when evidence is kept, and for which incident.
-- older agents: from schema 5 on

-- UTC of a trusted clock when it was kept; 0 = there was none yet.
alter table evidence add column since_ns integer not null default 0;

-- The incident that it shows; '' = none yet.
alter table evidence add column incident text not null default '';
