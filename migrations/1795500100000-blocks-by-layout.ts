import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Tells in a moment whether any block still needs a layout. */
export class BlocksByLayout1795500100000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`create index block_layout on block (layout_id)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`drop index block_layout`);
  }
}
