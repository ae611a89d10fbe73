import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Tokens and keys by which machines enrol themselves, and which machines did. */
export class Enrolment1795560000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('drop table enrolled_machine');
    await queryRunner.query('drop table enrolment_key');
    await queryRunner.query('alter table monitor drop column identity_conflict');
  }
}

const STATEMENTS = [
  // `once`: good for one machine of one monitor. `fleet`: makes a monitor for each machine.
  `create table enrolment_key (
     id uuid primary key default gen_random_uuid(),
     kind text not null check (kind in ('once', 'fleet')),
     monitor_id uuid references monitor (id) on delete cascade,
     user_id uuid not null references app_user (id) on delete cascade,
     name text not null,
     tags text[] not null default '{}',
     quota integer check (quota > 0),
     use_count integer not null default 0,
     key_hash bytea not null unique check (octet_length(key_hash) = 32),
     created_at timestamptz not null default now(),
     expires_at timestamptz not null,
     last_used_at timestamptz,
     last_used_address text,
     revoked_at timestamptz,
     check ((kind = 'once') = (monitor_id is not null))
   )`,
  `create index enrolment_key_user on enrolment_key (user_id)`,
  `create index enrolment_key_monitor on enrolment_key (monitor_id) where monitor_id is not null`,
  `create table enrolled_machine (
     monitor_id uuid primary key references monitor (id) on delete cascade,
     enrolment_key_id uuid not null references enrolment_key (id) on delete cascade,
     machine_id text not null,
     boot_id text,
     api_key_id uuid references api_key (id) on delete set null,
     enrolled_at timestamptz not null default now()
   )`,
  `create index enrolled_machine_key on enrolled_machine (enrolment_key_id, machine_id)`,
  `create index enrolled_machine_api_key on enrolled_machine (api_key_id) where api_key_id is not null`,
  // Two machines that report as this one: since when, and what is known of each.
  `alter table monitor add column identity_conflict jsonb`,
];
