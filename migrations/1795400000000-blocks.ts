import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The tables of sealed samples: blocks of all tiers, and how far each monitor is sealed. */
export class Blocks1795400000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    // Partitioned by tier and time, so that what is past its retention leaves by `drop`.
    // `until` is exclusive; `row_count` counts reports (tier 0) or buckets.
    await queryRunner.query(
      `create table block (
         monitor_id uuid not null,
         tier smallint not null,
         start bigint not null,
         until bigint not null,
         layout_id integer not null,
         row_count integer not null,
         bytes bytea not null,
         primary key (monitor_id, tier, start)
       ) partition by range (tier, start)`,
    );
    // Blocks are compressed already: the toaster shall only cut them up.
    await queryRunner.query(`alter table block alter column bytes set storage external`);
    // Hot reports before `raw_until` are sealed: readers take them from blocks. Each tier follows the finer one.
    await queryRunner.query(
      `create table seal_mark (
         monitor_id uuid primary key references monitor (id) on delete cascade,
         raw_until bigint not null,
         tier1_until bigint,
         tier2_until bigint,
         tier3_until bigint
       ) with (fillfactor = 70)`,
    );
    // Rollups whose samples were changed by a late merge, to be made anew.
    await queryRunner.query(
      `create table rollup_due (
         monitor_id uuid not null references monitor (id) on delete cascade,
         tier smallint not null,
         start bigint not null,
         primary key (monitor_id, tier, start)
       )`,
    );
    // The late merge looks for monitors that have been quiet.
    await queryRunner.query(`create index late_report_received on late_report (monitor_id, received_at)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`drop index late_report_received`);
    await queryRunner.query(`drop table rollup_due, seal_mark, block`);
  }
}
