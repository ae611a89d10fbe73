import { LiveAudience } from '../monitors/live-audience.js';
import { Layout } from '../core/model/layout.js';
import type { StoredReport } from '../core/model/stored-report.js';
import { EventBus } from '../events/event-bus.js';
import type { LatestReport, LatestReports } from '../storage/latest-reports.js';
import { type LiveReport, LiveReports } from './live-reports.js';

const layout = new Layout(1, ['cpu.usagePercent']);
const report = (at: number): StoredReport => ({
  at,
  bootId: null,
  intervalMs: 1_000,
  layout,
  values: Float64Array.of(at),
});

let events: EventBus;
let live: LiveReports;
/** What the database knows when it is asked, and what happens while it answers. */
let latest: LatestReport[];
let whileAsked: () => void;

beforeEach(() => {
  events = new EventBus();
  latest = [];
  whileAsked = () => undefined;
  const reader = {
    readLatest: async () => {
      whileAsked();
      return latest;
    },
  };
  live = new LiveReports(reader as unknown as LatestReports, events, new LiveAudience(events), {
    liveSpacingMs: 1_000,
  });
});

const store = (monitorId: string, instants: number[], isLatest = true): void =>
  events.announce('report.stored', { monitorId, receivedAt: 0, reports: instants.map(report), isLatest });
const known = (monitorId: string, at: number, previousAt?: number): void => {
  const previous = previousAt === undefined ? null : report(previousAt);
  latest.push({ monitorId, receivedAt: 0, report: report(at), previous });
};
const next = async (stream: AsyncIterableIterator<ReadonlyMap<string, LiveReport>>) => {
  const { value } = await stream.next();
  return [...value].map(
    ([
      id,
      {
        report: { at },
        previous,
      },
    ]) => [id, at, previous?.at ?? null],
  );
};

describe('live reports', () => {
  it('are the newest of each watched monitor, with the one before it', async () => {
    known('a', 1);
    const stream = await live.watch(['a', 'b']);
    store('a', [2]);
    store('a', [3, 4]);
    store('b', [7]);
    store('c', [9]);
    expect(await next(stream)).toEqual([
      ['a', 4, 3],
      ['b', 7, null],
    ]);
    await stream.return!();
  });

  it('have the nearest report before them, although older ones came along', async () => {
    known('a', 10, 8);
    const stream = await live.watch(['a']);
    store('a', [5, 11]);
    expect(await next(stream)).toEqual([['a', 11, 10]]);
    await stream.return!();
  });

  it('leave out what only fills history', async () => {
    known('a', 10);
    const stream = await live.watch(['a']);
    store('a', [5], false);
    store('a', [11]);
    expect(await next(stream)).toEqual([['a', 11, 10]]);
    await stream.return!();
  });

  it('know the report before also where the newest was read and announced at the same time', async () => {
    known('a', 10, 9);
    const stream = await live.watch(['a']);
    store('a', [10]);
    expect(await next(stream)).toEqual([['a', 10, 9]]);
    await stream.return!();
  });

  it('do not go back to what the database said before they came', async () => {
    known('a', 10);
    whileAsked = () => store('a', [11]);
    const stream = await live.watch(['a']);
    expect(await next(stream)).toEqual([['a', 11, null]]);
    store('a', [12]);
    expect(await next(stream)).toEqual([['a', 12, 11]]);
    await stream.return!();
  });

  it('go to every watcher, until it leaves; then nothing is kept of them', async () => {
    known('a', 1);
    const [first, second] = [await live.watch(['a']), await live.watch(['a'])];
    store('a', [2]);
    expect(await next(first)).toEqual([['a', 2, 1]]);
    await first.return!();
    expect(await next(second)).toEqual([['a', 2, 1]]);
    await second.return!();
    expect(inside(live)).toEqual([0, 0]);
  });

  it('keep nothing of a watcher whose start failed', async () => {
    whileAsked = () => {
      throw new Error('database away');
    };
    await expect(live.watch(['a'])).rejects.toThrow('database away');
    expect(inside(live)).toEqual([0, 0]);
  });
});

/** How many monitors it holds streams and reports of: what would leak. */
function inside(reports: LiveReports): number[] {
  const { streamsByMonitor, newest } = reports as unknown as Record<string, Map<string, unknown>>;
  return [streamsByMonitor!.size, newest!.size];
}
