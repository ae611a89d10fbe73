import { Injectable } from '@nestjs/common';
import { hash, parseOptions, verify } from '@node-rs/argon2';
import { DomainError } from '../core/errors.js';

/** Argon2id, above OWASP's floor (19,456 KiB, 2 passes). Raising these rehashes each password at its next login. */
const PARAMETERS = { memoryCost: 65_536, timeCost: 3, parallelism: 1 } as const;
/** Each hash takes 64 MiB and a core for some 100 ms: more at once would take them from ingestion. */
const MAX_RUNNING = 2;
const MAX_WAITING = 16;
const RETRY_AFTER_SECONDS = 2;

@Injectable()
export class PasswordHasher {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  async hash(password: string): Promise<string> {
    return this.inTurn(() => hash(normalize(password), PARAMETERS));
  }

  /** Costs one hash even when there is nothing to compare with: the time must not tell who has an account. */
  async verify(stored: string | null | undefined, password: string): Promise<boolean> {
    return this.inTurn(async () => {
      if (typeof stored === 'string') return verify(stored, normalize(password));
      await hash(normalize(password), PARAMETERS);
      return false;
    });
  }

  isOutdated(stored: string): boolean {
    const { memoryCost, timeCost, parallelism } = parseOptions(stored);
    return (
      memoryCost < PARAMETERS.memoryCost ||
      timeCost < PARAMETERS.timeCost ||
      parallelism < PARAMETERS.parallelism
    );
  }

  private async inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.running < MAX_RUNNING) this.running += 1;
    else await this.waitForTurn();
    try {
      return await work();
    } finally {
      // A turn is handed on, not given back, so that nobody slips in between.
      const next = this.waiting.shift();
      if (next) next();
      else this.running -= 1;
    }
  }

  private waitForTurn(): Promise<void> {
    if (this.waiting.length >= MAX_WAITING) {
      throw new DomainError('overloaded', 'Too many sign-ins at once.', undefined, RETRY_AFTER_SECONDS);
    }
    return new Promise((resolve) => this.waiting.push(resolve));
  }
}

/** The same password typed on two keyboards is the same password. */
function normalize(password: string): string {
  return password.normalize('NFKC');
}
