import { randomBytes } from 'node:crypto';
import { Injectable, Module, type LoggerService } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { DataSource } from 'typeorm';
import { SecretBoxModule } from '../../src/common/secret-box/secret-box.module.js';
import { type SealedColumn, SealedColumns } from '../../src/common/secret-box/sealed-columns.js';
import { ConfigModule } from '../../src/config/config.module.js';
import { DatabaseModule } from '../../src/database/database.module.js';
import { createTestConfig, removeDataDir } from '../support/auth-hub.js';
import { createTestDatabase, stopTestPostgres, type TestDatabase } from '../support/test-database.js';

@Injectable()
class TrialService {
  readonly secrets: SealedColumn;
  constructor(columns: SealedColumns) {
    this.secrets = columns.declare('trial', 'secret');
  }
}

@Module({ imports: [SecretBoxModule], providers: [TrialService] })
class TrialModule {}

describe('secrets in the database', () => {
  const ids = Array.from({ length: 3 }, (_, index) => `00000000-0000-4000-8000-00000000000${index}`);
  const [old, current] = [randomBytes(32), randomBytes(32)].map((key) => key.toString('base64'));
  let database: TestDatabase;
  let lines: string[] = [];

  const logger: LoggerService = {
    log: (line: string) => void lines.push(`log ${line}`),
    warn: (line: string) => void lines.push(`warn ${line}`),
    error: (line: string) => void lines.push(`error ${line}`),
  };

  async function withHub<T>(
    secretKeys: string,
    work: (secrets: SealedColumn, database: DataSource) => Promise<T>,
  ): Promise<T> {
    lines = [];
    const config = await createTestConfig({ secretKeys });
    const hub: TestingModule = await Test.createTestingModule({
      imports: [ConfigModule.forRoot(config), DatabaseModule.forRoot(database), TrialModule],
    })
      .setLogger(logger)
      .compile();
    await hub.init();
    try {
      return await work(hub.get(TrialService).secrets, hub.get(DataSource));
    } finally {
      await hub.close();
      await removeDataDir(config);
    }
  }

  const readAll = (secrets: SealedColumn, source: DataSource): Promise<(string | undefined)[]> =>
    source
      .query<{ id: string; secret: Buffer }[]>(
        'select id, secret from trial where secret is not null order by id',
      )
      .then((rows) => rows.map(({ id, secret }) => secrets.open(id, secret)));

  const ownLines = (): string[] => lines.filter((line) => line.includes('trial.secret'));

  beforeAll(async () => {
    database = await createTestDatabase({ migrations: [] });
    await withHub(old!, async (secrets, source) => {
      await source.query('create table trial (id uuid primary key, secret bytea)');
      for (const id of ids) {
        await source.query('insert into trial values ($1, $2)', [id, secrets.seal(id, `secret of ${id}`)]);
      }
      await source.query('insert into trial values (gen_random_uuid(), null)');
    });
  }, 60_000);

  afterAll(async () => {
    await database.drop();
    await stopTestPostgres();
  });

  it('hold nothing that could be used without the key', async () => {
    const rows = await withHub(old!, (_secrets, source) => source.query('select secret from trial'));
    expect(JSON.stringify(rows)).not.toContain(Buffer.from('secret of').toString('hex'));
    expect(ownLines()).toEqual([]);
  });

  it('with the wrong key: the hub starts, says what to do, and shows them as unreadable', async () => {
    const secrets = await withHub(current!, readAll);
    expect(secrets).toEqual([undefined, undefined, undefined]);
    expect(ownLines()).toEqual([
      expect.stringMatching(/^warn .*3 cannot be opened.*secrets\.key.*enter these/),
    ]);
  });

  it('after a change of the key: all open, sealed again, and the earlier key is needed no more', async () => {
    expect(await withHub(`${current} ${old}`, readAll)).toEqual(ids.map((id) => `secret of ${id}`));
    expect(ownLines()).toEqual([expect.stringMatching(/3 sealed again/)]);
    expect(await withHub(current!, readAll)).toEqual(ids.map((id) => `secret of ${id}`));
    expect(ownLines()).toEqual([]);
  });

  it('a secret copied into another row stays shut', async () => {
    const secrets = await withHub(current!, async (column, source) => {
      await source.query('update trial set secret = (select secret from trial where id = $1) where id = $2', [
        ids[0],
        ids[1],
      ]);
      return readAll(column, source);
    });
    expect(secrets).toEqual([`secret of ${ids[0]}`, undefined, `secret of ${ids[2]}`]);
  });
});
