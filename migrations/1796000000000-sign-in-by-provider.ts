import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Users who sign in by a provider (OpenID Connect), some of them without a password. */
export class SignInByProvider1796000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await queryRunner.query(statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('drop table user_identity');
    await queryRunner.query('alter table user_session drop column by_provider');
    // No password has this hash: who has none stays without, and gets one by the shell.
    await queryRunner.query(`update app_user set password_hash = 'none' where password_hash is null`);
    await queryRunner.query('alter table app_user alter column password_hash set not null');
  }
}

const STATEMENTS = [
  `alter table app_user alter column password_hash drop not null`,
  // Whom a provider means is said by these two alone: an address of theirs may change hands.
  `create table user_identity (
     id uuid primary key default gen_random_uuid(),
     user_id uuid not null references app_user (id) on delete cascade,
     issuer text not null,
     subject text not null,
     email text,
     created_at timestamptz not null default now(),
     last_used_at timestamptz,
     unique (issuer, subject),
     unique (user_id, issuer)
   )`,
  `alter table user_session add column by_provider boolean not null default false`,
];
