import type { HubResponse } from './hub-connection.js';
import { ReportSender } from './report-sender.js';
import { Spool } from './spool/spool.js';

interface Bench {
  spool: Spool;
  sender: ReportSender;
  waits: number[];
  lines: string[];
  /** The reports of each request, as numbers. */
  sent: number[][];
  bodies: string[];
  stops: number;
  configs: unknown[];
  /** Ends a wait that would not end. */
  endWait: () => void;
}

type Hub = (reports: number[], request: number) => HubResponse | Error;

/** A sender on a hub that answers as `hub` says, and gives up at the first wait after `maxWaits`. */
async function openBench(hub: Hub, maxWaits = 0): Promise<Bench> {
  const lines: string[] = [];
  const log = (level: string, message: string, fields?: object): void =>
    void lines.push(`${level} ${message} ${JSON.stringify(fields)}`);
  const spool = await Spool.open({ maxBytes: 1e6, maxAgeMs: 1e9, log, now: Date.now });
  const bench: Bench = {
    ...{ spool, waits: [], lines, sent: [], bodies: [], stops: 0, configs: [], endWait: () => undefined },
    sender: undefined as never,
  };
  bench.sender = new ReportSender(
    {
      spool,
      connection: {
        post: async (json) => {
          const { reports } = JSON.parse(json) as { reports: number[] };
          bench.sent.push(reports);
          bench.bodies.push(json);
          const answer = hub(reports, bench.sent.length);
          if (answer instanceof Error) throw answer;
          return answer;
        },
      },
      log,
      onAnswer: () => {},
      onTaken: (config) => bench.configs.push(config),
      onStopped: () => bench.stops++,
    },
    {
      sleep: async (ms) => {
        bench.waits.push(ms);
        if (bench.waits.length > maxWaits) await new Promise<void>((resolve) => (bench.endWait = resolve));
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
const count = (to: number): number[] => Array.from({ length: to }, (_, index) => index + 1);
const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 30));

async function send(bench: Bench, reports: number): Promise<void> {
  for (let report = 1; report <= reports; report++) await bench.spool.add(String(report), report);
  bench.sender.wake();
  await settle();
}

describe('ReportSender', () => {
  it('sends the newest first, then the backlog oldest first in growing batches', async () => {
    const bench = await openBench((reports) => receipt(reports));
    await send(bench, 1_500);
    const [newest, ...backlog] = bench.sent;
    expect(newest).toEqual(count(1_500).slice(-10));
    expect(backlog.flat()).toEqual(count(1_490));
    expect(backlog.map(({ length }) => length)).toEqual([20, 40, 80, 160, 320, 500, 370]);
    expect(bench.spool.size).toBe(0);
  });

  it('keeps the order of a short backlog', async () => {
    const bench = await openBench((reports) => receipt(reports));
    await send(bench, 9);
    expect(bench.sent).toEqual([count(9)]);
  });

  it('lets what is measured meanwhile overtake the backlog', async () => {
    const bench = await openBench((reports, request) => {
      if (request === 3) void bench.spool.add('1001', 1_001);
      return receipt(reports);
    });
    await send(bench, 1_000);
    expect(bench.sent[3]).toEqual([1_001]);
    expect(bench.sent.flat().sort((a, b) => a - b)).toEqual(count(1_001));
  });

  it.each([400, 413, 422])(
    'gives up the one report that a %d is about, and brings all others',
    async (status) => {
      const taken: number[] = [];
      const bench = await openBench((reports) => {
        if (reports.includes(137)) return { status, body: { code: 'malformed_json' } };
        taken.push(...reports);
        return receipt(reports);
      });
      await send(bench, 300);
      expect(taken.sort((a, b) => a - b)).toEqual(count(300).filter((one) => one !== 137));
      expect(bench.lines.filter((line) => line.includes('for good'))).toHaveLength(1);
      expect(bench.waits).toEqual([]);
      expect(bench.spool.losses.setAside).toBe(1);
      expect(bench.spool.size).toBe(0);
    },
  );

  it('gives up nothing to something on the way that cannot read any request', async () => {
    const bench = await openBench(() => ({ status: 400, body: undefined }), 1);
    await send(bench, 20);
    expect(bench.spool.size).toBe(20);
    expect(bench.spool.losses.setAside).toBe(0);
    expect(bench.waits).toEqual([60_000, 60_000]);
    expect(bench.lines.join()).toContain('check --url');
  });

  it('finds the size that something on the way lets through', async () => {
    const bench = await openBench((reports) =>
      JSON.stringify(reports).length > 400 ? { status: 413, body: undefined } : receipt(reports),
    );
    await send(bench, 1_000);
    expect(bench.spool.size).toBe(0);
    expect(bench.spool.losses.setAside).toBe(0);
  });

  it('gives up a whole batch at once when the hub names each report in it', async () => {
    const bench = await openBench((reports) =>
      reports.length === 0
        ? receipt([])
        : { status: 422, body: { rejected: reports.map((_, index) => ({ index, code: 'too_old' })) } },
    );
    await send(bench, 10);
    expect(bench.sent).toHaveLength(1);
    expect(bench.spool.size).toBe(0);
    expect(bench.lines.join()).toContain('"codes":["too_old"]');
  });

  it('forgets what was refused within a batch that was taken, and says so', async () => {
    const bench = await openBench((reports) =>
      receipt(reports, { accepted: 2, rejected: [{ index: 1, code: 'not_finite' }] }),
    );
    await send(bench, 3);
    expect(bench.spool.size).toBe(0);
    expect(bench.spool.losses.setAside).toBe(1);
    expect(bench.lines.join()).toContain('not_finite');
  });

  it('waits 1 s doubling to 12 s while the hub is away, and says so once', async () => {
    const bench = await openBench(() => Object.assign(new Error('x'), { code: 'ECONNREFUSED' }), 7);
    await send(bench, 1);
    expect(bench.waits).toEqual([1, 2, 4, 8, 12, 12, 12, 12].map((seconds) => seconds * 1_000));
    expect(bench.lines).toHaveLength(1);
    expect(bench.lines[0]).toContain('ECONNREFUSED');
    expect(bench.spool.size).toBe(1);
  });

  it('waits longer where it asks too often', async () => {
    const bench = await openBench(() => ({ status: 429, retryAfterMs: 3_000, body: undefined }), 7);
    await send(bench, 1);
    expect(bench.waits).toEqual([4, 5, 7, 11, 19, 35, 63, 63].map((seconds) => seconds * 1_000));
  });

  it.each([429, 503])('waits at least as long as a %d asks for', async (status) => {
    const bench = await openBench(() => ({ status, retryAfterMs: 30_000, body: {} }));
    await send(bench, 1);
    expect(bench.waits).toEqual([31_000]);
  });

  it.each([401, 403])('keeps all reports and tries each minute after a %d', async (status) => {
    const bench = await openBench(() => ({ status, body: {} }), 1);
    await send(bench, 5);
    expect(bench.waits).toEqual([60_000, 60_000]);
    expect(bench.spool.size).toBe(5);
    expect(bench.lines).toHaveLength(1);
  });

  it('keeps its backlog while the monitor is stopped, and asks with an empty list', async () => {
    const bench = await openBench(
      (reports, request) => (request < 3 ? { status: 409, body: {} } : receipt(reports)),
      2,
    );
    await send(bench, 2);
    expect(bench.sent).toEqual([[1, 2], [], [], [1, 2]]);
    expect(bench.waits).toEqual([60_000, 60_000]);
    expect(bench.stops).toBe(2);
  });

  it.each([
    undefined,
    { ok: true },
    { accepted: 1, duplicates: 0 },
    { accepted: '2', duplicates: 0 },
    [],
    'x'.repeat(50_000),
  ])('does not take some page that answers 200 for a hub: %#', async (body) => {
    const bench = await openBench(() => ({ status: 200, body }));
    await send(bench, 2);
    expect(bench.spool.size).toBe(2);
    expect(bench.lines.join()).toContain('not a hub');
  });

  it('asks before it sends, and goes on asking while nobody answers', async () => {
    const bench = await openBench(
      (reports, request) => (request < 3 ? new Error('away') : receipt(reports, { now: 5 })),
      5,
    );
    await bench.spool.add('1', 1);
    await bench.sender.ask();
    await settle();
    expect(bench.sent).toEqual([[], [], [], [1]]);
  });

  it('sends a live report only when nothing else is under way and the hub listens', async () => {
    const bench = await openBench((reports) => receipt(reports, { accepted: 0, live: reports.length }));
    await bench.sender.sendLive('7');
    expect(bench.sent).toEqual([]);
    await bench.sender.ask();
    await settle();
    await bench.sender.sendLive('7');
    expect(bench.sent).toEqual([[], [7]]);
  });

  it('says goodbye with what is left, and does not try when the hub is away', async () => {
    const bench = await openBench((reports) => receipt(reports));
    await send(bench, 1);
    await bench.spool.add('2', 2);
    await bench.sender.sayGoodbye();
    expect(bench.bodies.at(-1)).toBe('{"reports":[2],"goodbye":true}');
    expect(bench.spool.size).toBe(0);
    const away = await openBench(() => new Error('x'));
    await send(away, 1);
    void away.sender.sayGoodbye();
    await settle();
    expect(away.sent).toHaveLength(1);
  });

  it('asks a hub that refused it no more when a report is measured while it ends', async () => {
    const bench = await openBench(() => ({ status: 401, body: undefined }));
    await send(bench, 1);
    void bench.sender.sayGoodbye();
    bench.endWait();
    await settle();
    await send(bench, 3);
    expect(bench.sent).toEqual([[1]]);
  });
});
