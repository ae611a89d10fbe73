import { type Refusal, RefusalTally } from './refusal-tally.js';

const WINDOW_MS = 15 * 60_000;
const refuse = (address: string, email = 'a@example.org'): Refusal => ({
  action: 'session.refused',
  targetType: 'session',
  address,
  email,
});

describe('refusals', () => {
  it('are written once at first, and counted until the window is over', () => {
    const tally = new RefusalTally();
    expect(tally.note(refuse('192.0.2.1'), 0)).toBe(true);
    for (let n = 1; n <= 500; n += 1) expect(tally.note(refuse('192.0.2.1'), n)).toBe(false);
    expect(tally.note(refuse('192.0.2.1', 'b@example.org'), 501)).toBe(true);
    expect(tally.take(WINDOW_MS - 1)).toEqual([]);
    expect(tally.take(WINDOW_MS)).toEqual([
      { refusal: refuse('192.0.2.1'), count: 500, firstAt: 1, lastAt: 500 },
    ]);
    expect(tally.take(WINDOW_MS * 2)).toEqual([]);
    expect(tally.note(refuse('192.0.2.1'), WINDOW_MS + 1)).toBe(true);
  });

  it('from a hundred thousand addresses are a few entries, and none is lost', () => {
    const tally = new RefusalTally();
    let written = 0;
    for (let n = 0; n < 100_000; n += 1) {
      if (tally.note(refuse(`2001:db8::${n.toString(16)}`, `u${n}@example.org`), n)) written += 1;
    }
    const summaries = tally.take(100_000, true);
    expect(written + summaries.length).toBeLessThanOrEqual(41);
    expect(summaries.reduce((sum, { count }) => sum + count, written)).toBe(100_000);
    expect(summaries.at(-1)!.refusal).toMatchObject({ address: 'several', email: undefined });
  });
});
