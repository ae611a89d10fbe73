import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The audit log. Rows are written once: a trigger refuses every UPDATE and TRUNCATE, and a DELETE before the day
 * until which the row was promised to be kept. The promise stands in the row, so that a shorter retention
 * later on takes nothing back.
 */
export class AuditLog1795530000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('drop table audit_entry');
    await queryRunner.query('drop function refuse_audit_change()');
  }
}

const STATEMENTS = [
  `create table audit_entry (
     id bigint generated always as identity primary key,
     at timestamptz not null default clock_timestamp(),
     -- Of an entry that stands for several alike: when the first of them was.
     since timestamptz,
     count integer not null default 1 check (count > 0),
     action text not null,
     actor_kind text not null check (actor_kind in ('user', 'token', 'key', 'stranger', 'hub')),
     -- No references: the log outlives whom and what it names.
     actor_id uuid,
     actor_email text,
     credential_id uuid,
     target_type text not null,
     target_id text,
     target_name text,
     before jsonb,
     after jsonb,
     address text,
     request_id text,
     keep_until timestamptz not null
   )`,
  `create index audit_entry_at on audit_entry (at)`,
  `create index audit_entry_keep_until on audit_entry (keep_until)`,
  `create function refuse_audit_change() returns trigger language plpgsql as $$
   begin
     if tg_op = 'DELETE' and old.keep_until <= now() then
       return old;
     end if;
     raise exception 'the audit log is only added to: % refused', tg_op using errcode = 'insufficient_privilege';
   end
   $$`,
  `create trigger audit_entry_stays before update or delete on audit_entry
     for each row execute function refuse_audit_change()`,
  `create trigger audit_entry_is_not_emptied before truncate on audit_entry
     for each statement execute function refuse_audit_change()`,
];
