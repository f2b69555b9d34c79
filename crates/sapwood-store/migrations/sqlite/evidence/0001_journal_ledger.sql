-- Evidence: batches of resolved records in one order, and the sums folded from them.
-- Times are milliseconds since 1970, UTC; minutes are minutes since then.

create table journal (
    journal_offset integer primary key autoincrement,
    batch_id blob not null unique,
    project text not null,
    environment text not null,
    received_at integer not null,
    body blob not null -- JSON lines, deflated
) strict;

create table ledger_sum (
    project text not null,
    environment text not null,
    rollout text not null,
    epoch integer not null,
    guardrail text not null,
    guardrail_revision integer not null,
    arm text not null,
    minute integer not null,
    subjects integer not null,
    records integer not null,
    primary key (project, environment, rollout, epoch, guardrail, guardrail_revision, arm, minute)
) strict, without rowid;

create table ledger_subject (
    project text not null,
    environment text not null,
    rollout text not null,
    guardrail text not null,
    shard integer not null,
    subject blob not null,
    "row" text not null, -- JSON
    primary key (rollout, guardrail, shard, subject)
) strict, without rowid;

create table source (
    project text not null,
    environment text not null,
    metric text not null,
    first_at integer not null,
    last_at integer not null,
    events integer not null,
    primary key (project, environment, metric)
) strict, without rowid;

-- One row: the last journal batch that the ledger above contains.
create table ledger_mark (
    id integer primary key check (id = 1),
    journal_offset integer not null
) strict;

insert into ledger_mark values (1, 0);

create table secret (
    name text primary key,
    value blob not null
) strict, without rowid;
