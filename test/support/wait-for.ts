import { setTimeout as sleep } from 'node:timers/promises';

export interface WaitOptions {
  readonly deadlineMs?: number;
  readonly everyMs?: number;
  /** Says what was not so, for the message of the failure. */
  readonly what?: string | (() => string);
}

/** Asks until the answer is neither false nor undefined, and gives it. */
export async function waitFor<Value>(
  ask: () => Value | false | undefined | Promise<Value | false | undefined>,
  { deadlineMs = 20_000, everyMs = 50, what = 'what was waited for did not happen' }: WaitOptions = {},
): Promise<Value> {
  const giveUpAt = Date.now() + deadlineMs;
  for (;;) {
    const value = await ask();
    if (value !== false && value !== undefined) return value;
    if (Date.now() > giveUpAt) throw new Error(typeof what === 'string' ? what : what());
    await sleep(everyMs);
  }
}
