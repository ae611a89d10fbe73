/** Does `work` every `everyMs` and never twice at once; failures are the work's own to tell. Returns the end of it. */
export function repeat(work: () => Promise<unknown>, everyMs: number): () => void {
  let isBusy = false;
  const timer = setInterval(() => {
    if (isBusy) return;
    isBusy = true;
    void work()
      .catch(() => undefined)
      .finally(() => (isBusy = false));
  }, everyMs).unref();
  return () => clearInterval(timer);
}
