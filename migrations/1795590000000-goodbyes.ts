import type { MigrationInterface, QueryRunner } from 'typeorm';

/** When an agent said that its end was meant. */
export class Goodbyes1795590000000 implements MigrationInterface {
  name = 'Goodbyes1795590000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('alter table monitor add column last_goodbye_at timestamptz');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table monitor drop column last_goodbye_at');
  }
}
