import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What the limits at sign-in remember over a restart of the hub. */
export class FailedSignIns1795550000000 implements MigrationInterface {
  name = 'FailedSignIns1795550000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table failed_sign_ins (
        -- Whom it counts for: an account (hashed), a network.
        key text primary key,
        count integer not null,
        expires_at timestamptz not null,
        paused_until timestamptz
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table failed_sign_ins');
  }
}
