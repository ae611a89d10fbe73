import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { SecretBox } from './secret-box.js';

/** A column (bytea) of sealed secrets. */
export interface SealedColumn {
  seal(id: string, secret: string): Buffer;
  /** Undefined: unreadable, it has to be entered again. */
  open(id: string, sealed: Uint8Array): string | undefined;
}

interface Declaration {
  readonly table: string;
  readonly column: string;
  readonly idColumn: string;
}

const ROWS_AT_ONCE = 500;

/**
 * The columns that hold sealed secrets. At the start each is looked through: what an earlier key has sealed is sealed
 * with the current one, and what no key opens is counted in one line that says what to do.
 */
@Injectable()
export class SealedColumns implements OnApplicationBootstrap {
  private readonly logger = new Logger('secrets');
  private readonly declared: Declaration[] = [];

  constructor(
    private readonly box: SecretBox,
    private readonly dataSource: DataSource,
  ) {}

  /**
   * Declares a column; call it in the constructor of the service that keeps it.
   * @param idColumn the row's key (as text it is bound to the secret); `id` where not given.
   */
  declare(table: string, column: string, idColumn = 'id'): SealedColumn {
    const names = [table, column, idColumn];
    if (!names.every((name) => /^[a-z][a-z0-9_]*$/.test(name)))
      throw new Error(`not plain names: ${names.join()}`);
    this.declared.push({ table, column, idColumn });
    return {
      seal: (id, secret) => this.box.seal({ table, id, column }, secret),
      open: (id, sealed) => this.box.open({ table, id, column }, sealed),
    };
  }

  async onApplicationBootstrap(): Promise<void> {
    for (const declaration of this.declared) {
      try {
        await this.lookThrough(declaration);
      } catch (error) {
        this.logger.warn(
          `${declaration.table}.${declaration.column} could not be looked through: ${(error as Error).message}`,
        );
      }
    }
  }

  private async lookThrough(declaration: Declaration): Promise<void> {
    const { table, column, idColumn } = declaration;
    let [unreadable, resealed] = [0, 0];
    let after: string | undefined;
    for (;;) {
      const rows: { id: string; sealed: Buffer }[] = await this.dataSource.query(
        `select ${idColumn}::text as id, ${column} as sealed from ${table}
          where ${column} is not null and ($1::text is null or ${idColumn}::text > $1)
          order by ${idColumn}::text limit ${ROWS_AT_ONCE}`,
        [after],
      );
      for (const { id, sealed } of rows) {
        const secret = this.box.open({ table, id, column }, sealed);
        if (secret === undefined) unreadable++;
        else if (!this.box.isCurrent(sealed))
          resealed += await this.sealAgain(declaration, id, sealed, secret);
      }
      if (rows.length < ROWS_AT_ONCE) break;
      after = rows.at(-1)!.id;
    }
    if (resealed > 0) this.logger.log(`${table}.${column}: ${resealed} sealed again with the current key`);
    if (unreadable > 0) {
      this.logger.warn(
        `${table}.${column}: ${unreadable} cannot be opened, they were sealed with another key. Add that key as a ` +
          'further line of secrets.key (or of WATCHKEEPER_SECRET_KEY) and start again, or enter these secrets anew',
      );
    }
  }

  /** Only where nobody has written in between. */
  private async sealAgain(
    { table, column, idColumn }: Declaration,
    id: string,
    sealed: Buffer,
    secret: string,
  ): Promise<number> {
    const rows: unknown[] = await this.dataSource.query(
      `with changed as (
         update ${table} set ${column} = $1 where ${idColumn}::text = $2 and ${column} = $3 returning 1
       ) select * from changed`,
      [this.box.seal({ table, id, column }, secret), id, sealed],
    );
    return rows.length;
  }
}
