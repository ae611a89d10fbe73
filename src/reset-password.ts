import 'reflect-metadata';
import { DataSource } from 'typeorm';
import { issueResetLink } from './auth/users/issue-reset-link.js';
import { readConfig } from './config/read-config.js';
import { buildDataSourceOptions } from './database/data-source-options.js';
import { visitDatabase } from './database/visit-database.js';
import { DomainError } from './core/errors.js';
import { describeStartFault, exitCodeOf } from './start-fault.js';

/**
 * `main.js reset-password EMAIL`, with the hub's own environment: prints a link by which that user sets a new
 * password. The hub may run meanwhile or not.
 */
export async function resetPassword(email: string): Promise<void> {
  const tell = (line: string): void => void process.stderr.write(`${line}\n`);
  try {
    const config = readConfig(process.env);
    const link = await visitDatabase(
      config,
      { info: () => undefined, warn: tell, error: tell },
      async (connection) => {
        const dataSource = await new DataSource(buildDataSourceOptions(connection)).initialize();
        try {
          return await issueResetLink(dataSource, config, email);
        } finally {
          await dataSource.destroy();
        }
      },
    );
    process.stderr.write('Good once, for one hour:\n');
    process.stdout.write(`${link}\n`);
  } catch (error) {
    tell(error instanceof DomainError ? error.message : describeStartFault(error));
    process.exitCode = exitCodeOf(error);
  }
}
