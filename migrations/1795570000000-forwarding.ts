import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Where a monitor's reports go on to, what waits for it, and how it went. */
export class Forwarding1795570000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const statement of BACK) await queryRunner.query(statement);
  }
}

const STATEMENTS = [
  // The key is sealed: only the hub with its key file can read it.
  `alter table monitor add column endpoint_url text, add column endpoint_api_key bytea`,
  // Nothing has ever been in it. A report waits here whole, so that sealing and retention do not matter to it.
  // No foreign keys, as everywhere on the report path.
  `drop table outbox`,
  `create table outbox (
     monitor_id uuid not null,
     at bigint not null,
     layout_id integer not null,
     boot_id text,
     interval_ms integer not null,
     "values" bytea not null,
     via text not null default '',
     queued_at timestamptz not null default now(),
     primary key (monitor_id, at)
   ) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500)`,
  `create table forwarding (
     monitor_id uuid primary key references monitor (id) on delete cascade,
     last_sent_at timestamptz,
     dropped bigint not null default 0
   ) with (fillfactor = 50)`,
  // Names this installation to other hubs, so that what it has sent on is known when it comes back.
  `create table hub_identity (
     singleton boolean primary key default true check (singleton),
     id uuid not null default gen_random_uuid()
   )`,
  `insert into hub_identity default values`,
];

const BACK = [
  `drop table hub_identity, forwarding, outbox`,
  `create table outbox (
     monitor_id uuid not null references monitor (id) on delete cascade,
     at bigint not null,
     queued_at timestamptz not null default now(),
     primary key (monitor_id, at)
   )`,
  `alter table monitor drop column endpoint_url, drop column endpoint_api_key`,
];
