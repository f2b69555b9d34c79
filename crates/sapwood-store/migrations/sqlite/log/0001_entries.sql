-- The log: one row per change, and the end of each stream.

create table head (
    stream text primary key,
    version integer not null check (version > 0),
    hash text not null
) strict, without rowid;

create table entry (
    stream text not null references head (stream) deferrable initially deferred,
    version integer not null check (version > 0),
    id text not null unique,
    kind text not null,
    environment text,
    actor text not null, -- JSON
    at integer not null, -- milliseconds since 1970, UTC
    body text not null, -- JSON, exactly as hashed
    prev_hash text not null,
    hash text not null,
    decision integer not null, -- version of the first entry appended together with this one
    primary key (stream, version)
) strict;
