import 'reflect-metadata';
import { DataSource } from 'typeorm';
import { dropSecondFactor } from './auth/second-factor/drop-second-factor.js';
import { issueResetLink } from './auth/users/issue-reset-link.js';
import type { HubConfig } from './config/hub-config.js';
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
  await visit(async (dataSource, config) => {
    const link = await issueResetLink(dataSource, config, email);
    if (config.isPasswordLoginOff) {
      process.stderr.write(
        'Passwords do not open this hub while WATCHKEEPER_PASSWORD_LOGIN is off: set it to on first.\n',
      );
    }
    process.stderr.write('Good once, for one hour:\n');
    process.stdout.write(`${link}\n`);
  });
}

/** `main.js reset-second-factor EMAIL`: for the admin who has lost theirs; the password alone opens again. */
export async function resetSecondFactor(email: string): Promise<void> {
  await visit(async (dataSource, config) => {
    await dropSecondFactor(dataSource, config, email);
    process.stderr.write(`${email} has no second factor any more, and is signed out everywhere.\n`);
  });
}

async function visit(work: (dataSource: DataSource, config: HubConfig) => Promise<void>): Promise<void> {
  const tell = (line: string): void => void process.stderr.write(`${line}\n`);
  try {
    const config = readConfig(process.env);
    await visitDatabase(config, { info: () => undefined, warn: tell, error: tell }, async (connection) => {
      const dataSource = await new DataSource(buildDataSourceOptions(connection)).initialize();
      try {
        await work(dataSource, config);
      } finally {
        await dataSource.destroy();
      }
    });
  } catch (error) {
    tell(error instanceof DomainError ? error.message : describeStartFault(error));
    process.exitCode = exitCodeOf(error);
  }
}
