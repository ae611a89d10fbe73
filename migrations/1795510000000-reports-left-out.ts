import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What of a monitor's reports was not kept, and the layouts that it has used of late. */
export class ReportsLeftOut1795510000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `alter table monitor
         add column dropped_value_count bigint not null default 0,
         add column dropped_value_at timestamptz,
         add column conflict_count bigint not null default 0,
         add column conflict_at timestamptz`,
    );
    // Which series a monitor has, for the limit on them: a row for each shape of its reports, not for each report.
    await queryRunner.query(
      `create table monitor_layout (
         monitor_id uuid not null references monitor (id) on delete cascade,
         layout_id integer not null references layout (id) on delete cascade,
         last_seen_at bigint not null,
         primary key (monitor_id, layout_id)
       )`,
    );
    // A layout that leaves must not look through the whole table.
    await queryRunner.query(`create index monitor_layout_layout on monitor_layout (layout_id)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`drop table monitor_layout`);
    await queryRunner.query(
      `alter table monitor drop column dropped_value_count, drop column dropped_value_at,
         drop column conflict_count, drop column conflict_at`,
    );
  }
}
