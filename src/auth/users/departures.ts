import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

/**
 * Hands over what a leaving user owns, within the transaction that deletes them; returns what is to be done
 * once that is committed.
 */
export type Handover = (
  manager: EntityManager,
  fromUserId: string,
  toUserId: string,
) => Promise<{ names: readonly string[]; afterCommit: () => Promise<void> }>;

/** What users own lies in features above this one: each says here how it changes hands. */
@Injectable()
export class Departures {
  private readonly handovers: Handover[] = [];

  register(handover: Handover): void {
    this.handovers.push(handover);
  }

  /** Names of what was handed over, for the audit log, and what is to be done after the commit. */
  async handOver(
    manager: EntityManager,
    fromUserId: string,
    toUserId: string,
  ): Promise<{ names: string[]; afterCommit: () => Promise<void> }> {
    const done: Awaited<ReturnType<Handover>>[] = [];
    for (const handover of this.handovers) done.push(await handover(manager, fromUserId, toUserId));
    return {
      names: done.flatMap(({ names }) => names),
      afterCommit: async () => {
        for (const { afterCommit } of done) await afterCommit();
      },
    };
  }
}
