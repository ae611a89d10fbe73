import { setTimeout as sleep } from 'node:timers/promises';
import { HubConnection } from '../../src/agent/hub-connection.js';
import { ReportSender } from '../../src/agent/report-sender.js';
import { Spool } from '../../src/agent/spool/spool.js';

/**
 * The agent's spool and sender without its probes, so that hours of reports take seconds. A process of its
 * own: it is to be killed. Writes the instant of each report that counts as collected, one a line, and on
 * standard error what the agent would log.
 *
 *   node spooling-sender.cjs '{"url","key","spool","maxBytes","from","stepMs","count","everyMs","padding"}'
 */
interface Orders {
  url: string;
  key: string;
  spool: string;
  maxBytes: number;
  /** Of the first report, epoch milliseconds; each one is `stepMs` later. */
  from: number;
  stepMs: number;
  count: number;
  /** Between two reports, in real milliseconds. */
  everyMs: number;
  /** Bytes that make each report longer. */
  padding: number;
}

async function run(orders: Orders): Promise<void> {
  const { url, key, from, stepMs, count, everyMs, padding, maxBytes } = orders;
  const log = (level: string, message: string, fields?: object): void =>
    void process.stderr.write(`${JSON.stringify({ level, message, ...fields })}\n`);
  const spool = await Spool.open({
    path: orders.spool,
    maxBytes,
    maxAgeMs: 7 * 86_400_000,
    log,
    now: Date.now,
  });
  const connection = new HubConnection({ url: new URL(`${url}/`), key, userAgent: 'test' });
  const sender = new ReportSender(
    { spool, connection, log, onAnswer: () => {}, onTaken: () => {}, onStopped: () => {} },
    // A hundred times as quick as outside.
    { sleep: (ms) => sleep(ms / 100), random: Math.random },
  );
  const custom = Array.from({ length: padding / 100 }, (_, index) => {
    return { name: `padding.${index}`, value: index, unit: 'x'.repeat(50) };
  });
  sender.wake();
  for (let number = 0; number < count; number++) {
    const at = from + number * stepMs;
    const report = { at, cpu: { usagePercent: number % 100 }, custom };
    await spool.add(JSON.stringify(report), at);
    process.stdout.write(`${at}\n`);
    sender.wake();
    if (everyMs > 0) await sleep(everyMs);
  }
  while (spool.size > 0) await sleep(20);
  await spool.close();
  connection.close();
}

void run(JSON.parse(process.argv[2]!) as Orders);
