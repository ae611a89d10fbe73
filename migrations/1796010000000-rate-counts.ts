import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The counts of all limits lie in one table, whom they are about as a hash only. What was counted until now is forgotten. */
export class RateCounts1796010000000 implements MigrationInterface {
  name = 'RateCounts1796010000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('delete from failed_sign_ins');
    await runner.query('alter table failed_sign_ins rename to rate_count');
    await runner.query('alter index failed_sign_ins_pkey rename to rate_count_pkey');
    await runner.query('create index rate_count_expiry on rate_count (expires_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('delete from rate_count');
    await runner.query('drop index rate_count_expiry');
    await runner.query('alter index rate_count_pkey rename to failed_sign_ins_pkey');
    await runner.query('alter table rate_count rename to failed_sign_ins');
  }
}
