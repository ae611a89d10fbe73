// A hub's database part as a process of its own: opens the database of DATA_DIR, says so, closes it at SIGTERM.
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { openDatabase } from '../../src/database/open-database.js';

/** Slow enough that two hubs that migrate at once do meet. */
class MakeNotes1700000000001 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('SELECT pg_sleep(0.3)');
    await queryRunner.query('CREATE TABLE note (id serial PRIMARY KEY, text text NOT NULL)');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE note');
  }
}

const say = (line: string): boolean => process.stdout.write(`${line}\n`);
const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());

try {
  const database = await openDatabase(
    { dataDir: process.env.DATA_DIR as string, databaseUrl: process.env.DATABASE_URL },
    { info: say, warn: say, error: say },
    { onLost: () => process.exit(3), signal: stop.signal, migrations: [MakeNotes1700000000001] },
  );
  const keepAlive = setInterval(() => undefined, 1_000);
  stop.signal.addEventListener('abort', () => {
    clearInterval(keepAlive);
    void database.close().then(() => say('closed'));
  });
  say(`ready ${JSON.stringify(database.connection)}`);
} catch (error) {
  const { message, exitCode } = error as { message: string; exitCode?: number };
  say(`failed ${message}`);
  process.exitCode = exitCode ?? 9;
}
