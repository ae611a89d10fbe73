import { Logger } from '@nestjs/common';
import type { RateState } from './rate-store.js';
import type { RateTable } from './rate-table.js';

const WRITE_EVERY_MS = 1_000;

/**
 * Writes down what a hub has counted in its memory, so that a restart gives no new guesses: at most once a second and
 * all at once, so that a flood of attempts costs no more of the database than a few. A hub that is killed forgets the
 * last second.
 */
export class KeptRates {
  private readonly logger = new Logger('limits');
  private changed = new Map<string, RateState | undefined>();
  private timer: NodeJS.Timeout | undefined;
  private writing: Promise<void> = Promise.resolve();
  private isEnding = false;

  constructor(private readonly table: RateTable) {}

  /** What was kept before this start and still counts. */
  load(): Promise<Map<string, RateState>> {
    return this.table.load();
  }

  /** Notes how it stands; undefined = forgotten. */
  note(key: string, state: RateState | undefined): void {
    this.changed.set(key, state);
    if (this.isEnding) return;
    this.timer ??= setTimeout(() => void this.write(), WRITE_EVERY_MS).unref();
  }

  /** Writes the last of it; from then on nothing more. */
  async end(): Promise<void> {
    this.isEnding = true;
    await this.write();
  }

  private write(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.writing = this.writing.then(() => this.writeChanged());
    return this.writing;
  }

  private async writeChanged(): Promise<void> {
    const { changed } = this;
    if (changed.size === 0) return;
    this.changed = new Map();
    try {
      await this.table.transaction(async (manager) => {
        await this.table.prune(manager);
        await this.table.write(changed, manager);
      });
    } catch (error) {
      this.logger.warn(`counts of limits could not be kept, trying again: ${(error as Error).message}`);
      // What has changed since then is newer.
      for (const [key, state] of changed) if (!this.changed.has(key)) this.note(key, state);
    }
  }
}
