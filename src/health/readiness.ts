import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { DomainError } from '../core/errors.js';

const ANSWER_WITHIN_MS = 2_000;
/** Anyone may ask, so asking often must not become database work. */
const BELIEVED_MS = 1_000;

/** Whether the hub can do its work now. The schema needs no look: the hub listens only after migrating. */
@Injectable()
export class Readiness implements OnModuleDestroy {
  private isStopping = false;
  private askedAt = -Infinity;
  private verdict: Promise<boolean> = Promise.resolve(false);

  constructor(private readonly dataSource: DataSource) {}

  onModuleDestroy(): void {
    this.isStopping = true;
  }

  /** Throws `not_ready` with the reason. */
  async assert(): Promise<void> {
    if (this.isStopping) throw new DomainError('not_ready', 'The hub is stopping.', undefined, 5);
    const now = performance.now();
    if (now - this.askedAt >= BELIEVED_MS) {
      this.askedAt = now;
      this.verdict = this.askDatabase();
    }
    if (!(await this.verdict))
      throw new DomainError('not_ready', 'The database does not answer.', undefined, 5);
  }

  private async askDatabase(): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<false>((resolve) => {
      timer = setTimeout(() => resolve(false), ANSWER_WITHIN_MS);
    });
    const answer = this.dataSource.query('select 1').then(
      () => true,
      () => false,
    );
    const isAnswered = await Promise.race([answer, tooLate]);
    clearTimeout(timer);
    return isAnswered;
  }
}
