import { Inject, Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { DataSource } from 'typeorm';
import { CLOCK, type Clock } from './clock.js';

interface Use {
  at: number;
  ip: string;
}

/** Remembers when and from where each key was last used; written in one statement, at most once a minute. */
@Injectable()
export class ApiKeyUsage implements BeforeApplicationShutdown {
  private readonly logger = new Logger(ApiKeyUsage.name);
  private uses = new Map<string, Use>();

  constructor(
    private readonly dataSource: DataSource,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  note(apiKeyId: string, ip: string): void {
    const use = this.uses.get(apiKeyId);
    if (use) {
      use.at = this.clock();
      use.ip = ip;
    } else {
      this.uses.set(apiKeyId, { at: this.clock(), ip });
    }
  }

  @Interval(60_000)
  async write(): Promise<void> {
    if (this.uses.size === 0) return;
    const uses = [...this.uses];
    this.uses = new Map();
    try {
      await this.dataSource.query(
        `update api_key set last_used_at = used.at, last_used_ip = used.ip
           from unnest($1::uuid[], $2::timestamptz[], $3::text[]) as used (id, at, ip)
          where api_key.id = used.id`,
        [uses.map(([id]) => id), uses.map(([, { at }]) => new Date(at)), uses.map(([, { ip }]) => ip)],
      );
    } catch (error) {
      // The next use of the key says the same again.
      this.logger.warn(
        `last uses of keys were not noted: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }

  // Before the database is closed, which is done in the last step.
  async beforeApplicationShutdown(): Promise<void> {
    await this.write();
  }
}
