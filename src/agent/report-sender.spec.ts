import type { HubResponse } from './hub-connection.js';
import { MemoryReportQueue } from './report-queue.js';
import { ReportSender } from './report-sender.js';

interface Bench {
  queue: MemoryReportQueue;
  sender: ReportSender;
  waits: number[];
  lines: string[];
  /** The reports of each request, as numbers. */
  sent: number[][];
  stops: number;
}

/** A sender on a hub that answers as `hub` says, and gives up at the first wait after `maxWaits`. */
function openBench(hub: (reports: number[], request: number) => HubResponse | Error, maxWaits = 0): Bench {
  const queue = new MemoryReportQueue(1_000);
  const bench: Bench = { queue, waits: [], lines: [], sent: [], stops: 0, sender: undefined as never };
  bench.sender = new ReportSender(
    {
      queue,
      connection: {
        post: async (json) => {
          const { reports } = JSON.parse(json) as { reports: number[] };
          bench.sent.push(reports);
          const answer = hub(reports, bench.sent.length);
          if (answer instanceof Error) throw answer;
          return answer;
        },
      },
      log: (level, message, fields) => bench.lines.push(`${level} ${message} ${JSON.stringify(fields)}`),
      onTaken: () => {},
      onStopped: () => bench.stops++,
    },
    {
      sleep: async (ms) => {
        bench.waits.push(ms);
        if (bench.waits.length > maxWaits) await new Promise(() => {});
      },
      random: () => 1,
    },
  );
  return bench;
}

const receipt = (reports: number[], more: object = {}): HubResponse => ({
  status: 200,
  body: { accepted: reports.length, duplicates: 0, rejected: [], ...more },
});

async function send(bench: Bench, count: number): Promise<void> {
  for (let report = 1; report <= count; report++) bench.queue.push(String(report));
  bench.sender.wake();
  await new Promise((resolve) => setTimeout(resolve, 20));
}

describe('ReportSender', () => {
  it('sends a backlog oldest first in batches of 200', async () => {
    const bench = openBench((reports) => receipt(reports));
    await send(bench, 450);
    expect(bench.sent.map(({ length }) => length)).toEqual([200, 200, 50]);
    expect(bench.sent.flat()).toEqual(Array.from({ length: 450 }, (_, index) => index + 1));
    expect(bench.queue.size).toBe(0);
  });

  it.each([400, 413])('gives up the one report that a %d is about, and brings all others', async (status) => {
    const taken: number[] = [];
    const bench = openBench((reports) => {
      if (reports.includes(137)) return { status, body: {} };
      taken.push(...reports);
      return receipt(reports);
    });
    await send(bench, 200);
    expect(taken).toEqual(Array.from({ length: 200 }, (_, index) => index + 1).filter((one) => one !== 137));
    expect(bench.lines.filter((line) => line.includes('for good'))).toHaveLength(1);
    expect(bench.waits).toEqual([]);
    expect(bench.sent.length).toBeLessThan(40);
  });

  it('gives up a whole batch at once when the hub names each report in it', async () => {
    const bench = openBench((reports) => ({
      status: 422,
      body: { rejected: reports.map((_, index) => ({ index, code: 'too_old' })) },
    }));
    await send(bench, 200);
    expect(bench.sent).toHaveLength(1);
    expect(bench.queue.size).toBe(0);
    expect(bench.lines.join()).toContain('"codes":["too_old"]');
  });

  it('forgets what was refused within a batch that was taken, and says so', async () => {
    const bench = openBench((reports) =>
      receipt(reports, { accepted: 2, rejected: [{ index: 1, code: 'not_finite' }] }),
    );
    await send(bench, 3);
    expect(bench.queue.size).toBe(0);
    expect(bench.lines.join()).toContain('not_finite');
  });

  it('waits 1 s doubling to 60 s while the hub is away, and says so once', async () => {
    const bench = openBench(() => Object.assign(new Error('x'), { code: 'ECONNREFUSED' }), 7);
    await send(bench, 1);
    expect(bench.waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60].map((seconds) => seconds * 1_000));
    expect(bench.lines).toHaveLength(1);
    expect(bench.lines[0]).toContain('ECONNREFUSED');
    expect(bench.queue.size).toBe(1);
  });

  it('waits at least as long as the hub asks for', async () => {
    const bench = openBench(() => ({ status: 429, retryAfterMs: 30_000, body: {} }));
    await send(bench, 1);
    expect(bench.waits).toEqual([31_000]);
  });

  it.each([401, 403])('keeps all reports and tries each minute after a %d', async (status) => {
    const bench = openBench(() => ({ status, body: {} }), 1);
    await send(bench, 5);
    expect(bench.waits).toEqual([60_000, 60_000]);
    expect(bench.queue.size).toBe(5);
    expect(bench.lines).toHaveLength(1);
  });

  it('keeps its backlog while the monitor is stopped, and asks with an empty list', async () => {
    const bench = openBench(
      (reports, request) => (request < 3 ? { status: 409, body: {} } : receipt(reports)),
      2,
    );
    await send(bench, 2);
    expect(bench.sent).toEqual([[1, 2], [], [], [1, 2]]);
    expect(bench.waits).toEqual([60_000, 60_000]);
    expect(bench.stops).toBe(2);
  });

  it('does not take some page that answers 200 for a hub', async () => {
    const bench = openBench(() => ({ status: 200, body: undefined }));
    await send(bench, 2);
    expect(bench.queue.size).toBe(2);
    expect(bench.lines.join()).toContain('not a hub');
  });

  it('does not forget a report that came while the queue overflowed under a request', async () => {
    const queue = new MemoryReportQueue(3);
    for (const json of ['1', '2', '3']) queue.push(json);
    const batch = queue.peek(2, 1_000);
    queue.push('4');
    queue.push('5');
    queue.forgetThrough(batch.at(-1)!.sequence);
    expect(queue.peek(10, 1_000).map(({ json }) => json)).toEqual(['3', '4', '5']);
    expect(queue.droppedCount).toBe(2);
  });
});
