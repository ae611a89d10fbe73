const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10_000;

/** Doubling from half a second up to ten, spread by `random` (0 to 1) so that pages do not return as one. */
export function computeRetryWaitMs(retries: number, random: number): number {
  const waitMs = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(retries, 10));
  return waitMs * (0.8 + 0.2 * random);
}

/** Ends early when the network is back or the page is looked at again. */
export function waitForRetry(waitMs: number): Promise<void> {
  return new Promise((resolve) => {
    const finish = () => {
      clearTimeout(timer);
      removeEventListener('online', finish);
      document.removeEventListener('visibilitychange', finishWhenVisible);
      resolve();
    };
    const finishWhenVisible = () => {
      if (document.visibilityState === 'visible') finish();
    };
    const timer = setTimeout(finish, waitMs);
    addEventListener('online', finish);
    document.addEventListener('visibilitychange', finishWhenVisible);
  });
}
