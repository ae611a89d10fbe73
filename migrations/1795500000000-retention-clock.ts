import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What retention has seen of the hub's clock: a clock that jumped may let nothing go. */
export class RetentionClock1795500000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    // At most one row. `seen_at` is epoch milliseconds by the hub's clock, `steady_ms` for how long it has not jumped.
    await queryRunner.query(
      `create table retention_clock (
         singleton boolean primary key default true check (singleton),
         seen_at bigint not null,
         steady_ms bigint not null
       )`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`drop table retention_clock`);
  }
}
