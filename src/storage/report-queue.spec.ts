import type { PendingReport } from './pending-report.js';
import { ReportQueue } from './report-queue.js';

const NOW = 1_800_000_000_000;
const DAY = 86_400_000;

const reports = (count: number, lastAt: number): PendingReport[] =>
  Array.from({ length: count }, (_, index) => ({
    monitorId: 'm',
    receivedAt: NOW,
    report: {
      at: lastAt - (count - 1 - index) * 10_000,
      bootId: null,
      intervalMs: 10_000,
      layout: undefined as never,
      values: new Float64Array(4),
    },
  }));

let queue: ReportQueue;
beforeEach(() => (queue = new ReportQueue()));

const add = (count: number, lastAt: number): Promise<unknown> => {
  const outcomes = queue.add(reports(count, lastAt));
  outcomes.catch(() => undefined);
  return outcomes;
};
const takeInstants = (): number[] => queue.take().map(({ row }) => row.report.at);

describe('reports on their way to the disk', () => {
  it('of the present overtake a backlog, each in the order of its arrival', () => {
    void add(500, NOW - DAY);
    void add(1, NOW - 1_000);
    void add(500, NOW);
    void add(10, NOW);
    const instants = takeInstants();
    expect(instants[0]).toBe(NOW - 1_000);
    expect(instants[10]).toBe(NOW);
    const behind = instants.slice(11);
    expect(behind).toHaveLength(989);
    expect(behind.slice(0, 500)).toEqual(reports(500, NOW - DAY).map(({ report }) => report.at));
    expect(takeInstants()).toEqual(
      reports(500, NOW)
        .map(({ report }) => report.at)
        .slice(489),
    );
    expect(queue.isEmpty).toBe(true);
    expect(queue.byteSize).toBe(0);
  });

  it('do not make a backlog wait for ever', () => {
    for (let machine = 0; machine < 2_000; machine++) void add(1, NOW - machine);
    void add(500, NOW - DAY);
    expect(takeInstants().filter((at) => at <= NOW - DAY)).toHaveLength(200);
    expect(queue.size).toBe(1_500);
  });

  it('are refused at once when too much waits, those of the present last', async () => {
    for (let request = 0; request < 32; request++) void add(500, NOW - DAY);
    await expect(add(1, NOW - DAY)).rejects.toMatchObject({ code: 'overloaded' });
    for (let request = 0; request < 80; request++) void add(50, NOW);
    expect(queue.size).toBe(20_000);
    await expect(add(1, NOW)).rejects.toMatchObject({ code: 'overloaded' });
  });

  it('are drained when all that waited is done with, whatever came and went meanwhile', async () => {
    void add(1_500, NOW - DAY);
    let isDrained = false;
    void queue.drain().then(() => (isDrained = true));
    const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
    queue.done(queue.take());
    for (let machine = 0; machine < 800; machine++) void add(1, NOW);
    queue.done(queue.take());
    await settle();
    expect(isDrained).toBe(false);
    queue.done(queue.take());
    await settle();
    expect(isDrained).toBe(true);
  });
});
