import type { MigrationInterface, QueryRunner } from 'typeorm';

/** From which networks somebody has signed in to an account: strangers' guesses do not hold up anybody there. */
export class KnownNetworks1796011000000 implements MigrationInterface {
  name = 'KnownNetworks1796011000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table known_network (
        -- Both hashed.
        account text not null,
        network text not null,
        used_at timestamptz not null,
        primary key (account, network)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table known_network');
  }
}
