import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The tables of accounts, monitors and samples.
 *
 * Instants of samples (`at`, `received_at`) are epoch milliseconds in a bigint: the report's own unit,
 * exact, and comparable without a time zone. Instants of people and rows are timestamptz.
 * Every sample table's key begins with the monitor and `layout` is a reference table, so that a
 * distributed Postgres could shard by monitor.
 */
export class FirstTables1795300000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of [...ACCOUNTS, ...MONITORS, ...SAMPLES]) await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `drop table outbox, monitor_latest, late_report, report, layout, api_key, monitor,
         user_session, setup_token, app_user, hub_heartbeat`,
    );
  }
}

const ACCOUNTS = [
  `create table app_user (
     id uuid primary key default gen_random_uuid(),
     email text not null,
     password_hash text not null,
     role text not null check (role in ('admin', 'editor', 'viewer')),
     is_disabled boolean not null default false,
     created_at timestamptz not null default now()
   )`,
  // One spelling of an address is one person.
  `create unique index app_user_email on app_user (lower(email))`,
  `create table user_session (
     id uuid primary key default gen_random_uuid(),
     token_hash bytea not null unique check (octet_length(token_hash) = 32),
     user_id uuid not null references app_user (id) on delete cascade,
     created_at timestamptz not null default now(),
     last_seen_at timestamptz not null default now(),
     expires_at timestamptz not null,
     ip text,
     user_agent text
   )`,
  `create index user_session_user on user_session (user_id)`,
  // At most one row: the link that makes the first admin.
  `create table setup_token (
     singleton boolean primary key default true check (singleton),
     token_hash bytea not null check (octet_length(token_hash) = 32),
     expires_at timestamptz not null
   )`,
];

const MONITORS = [
  `create table monitor (
     id uuid primary key default gen_random_uuid(),
     owner_id uuid references app_user (id) on delete set null,
     name text not null,
     description text,
     tags text[] not null default '{}',
     kind text not null check (kind in ('local', 'agent')),
     interval_seconds integer not null check (interval_seconds between 1 and 3600),
     resources text[] not null,
     state text not null default 'running' check (state in ('running', 'stopped')),
     inventory jsonb not null default '{}',
     last_error text,
     version integer not null default 1,
     created_at timestamptz not null default now(),
     updated_at timestamptz not null default now()
   )`,
  `create index monitor_owner on monitor (owner_id)`,
  `create table api_key (
     id uuid primary key default gen_random_uuid(),
     monitor_id uuid not null references monitor (id) on delete cascade,
     name text,
     key_hash bytea not null unique check (octet_length(key_hash) = 32),
     created_at timestamptz not null default now(),
     last_used_at timestamptz,
     last_used_ip text,
     expires_at timestamptz,
     revoked_at timestamptz
   )`,
  `create index api_key_monitor on api_key (monitor_id)`,
];

const SAMPLES = [
  // The canonical, sorted list of a report's series keys, shared by all monitors that send the same shape.
  // definitions: kind and unit of the custom metrics in it, by metric name.
  `create table layout (
     id integer generated always as identity primary key,
     hash bytea not null unique check (octet_length(hash) = 32),
     series_keys text[] not null,
     definitions jsonb not null default '{}'
   )`,
  // Hot reports: one row a report, values as little-endian float64 in the layout's order.
  // No foreign keys on the report path: the storing statement itself checks that the monitor exists.
  `create table report (
     monitor_id uuid not null,
     at bigint not null,
     layout_id integer not null,
     boot_id text,
     interval_ms integer not null,
     "values" bytea not null,
     primary key (monitor_id, at)
   ) partition by range (at)`,
  `create table late_report (
     monitor_id uuid not null,
     at bigint not null,
     layout_id integer not null,
     boot_id text,
     interval_ms integer not null,
     "values" bytea not null,
     received_at bigint not null,
     primary key (monitor_id, at)
   )`,
  // One row a monitor, never backwards. Half-filled pages keep its updates off the index.
  // The report before the newest stands beside it, so that a counter's rate needs no other table.
  `create table monitor_latest (
     monitor_id uuid primary key references monitor (id) on delete cascade,
     at bigint not null,
     received_at bigint not null,
     layout_id integer not null,
     boot_id text,
     interval_ms integer not null,
     "values" bytea not null,
     previous_at bigint,
     previous_layout_id integer,
     previous_boot_id text,
     previous_values bytea
   ) with (fillfactor = 50)`,
  // What is to be forwarded, written by the statement that stores the report.
  `create table outbox (
     monitor_id uuid not null references monitor (id) on delete cascade,
     at bigint not null,
     queued_at timestamptz not null default now(),
     primary key (monitor_id, at)
   )`,
  // When the hub was last known to listen: silence while it was away is nobody's fault.
  `create table hub_heartbeat (
     singleton boolean primary key default true check (singleton),
     at bigint not null
   )`,
];
