import type { MigrationInterface, QueryRunner } from 'typeorm';

/** For how long a monitor's samples are kept, where it is less than the hub keeps. */
export class RetentionOfMonitors1795510000001 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    // Days by tier, `{"oneMinuteDays": 14}`; what is not there is as the hub has it.
    await queryRunner.query(`alter table monitor add column retention jsonb not null default '{}'`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`alter table monitor drop column retention`);
  }
}
