import { HubError } from './hub-error.ts';

/** What is asked for longer than this is better said to the user. */
const LONGEST_WAIT_SECONDS = 10;
const MOST_TRIES = 6;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Asks a question again when the hub says that this user asks too often: whoever clicks fast waits a moment and sees no
 * error. Only for questions; a change is never made twice.
 */
export async function askPatiently<Answer>(
  ask: () => Promise<Answer>,
  wait: (ms: number) => Promise<void> = sleep,
): Promise<Answer> {
  for (let tries = 1; ; tries++) {
    try {
      return await ask();
    } catch (error) {
      const seconds = readWait(error);
      if (seconds === undefined || tries === MOST_TRIES) throw error;
      // The questions of one page come back one after the other.
      await wait(seconds * 1000 * (1 + Math.random()));
    }
  }
}

function readWait(error: unknown): number | undefined {
  if (!(error instanceof HubError) || error.code !== 'too_many_requests') return undefined;
  const { retryAfterSeconds } = error;
  return retryAfterSeconds !== undefined && retryAfterSeconds <= LONGEST_WAIT_SECONDS
    ? retryAfterSeconds
    : undefined;
}
