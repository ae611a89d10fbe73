import { mkdirSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { HubConnection } from '../../src/agent/hub-connection.js';
import { ReportSender } from '../../src/agent/report-sender.js';
import { Spool } from '../../src/agent/spool/spool.js';
import { encodeReportBody } from '../data/report-json.js';
import { SimulatedMachine } from '../data/simulated-machine.js';

/**
 * Agents of a fleet whose hub was away, as far as the hub is concerned: spool and sender as they are, in real time; what
 * they measure is made up. One process for all of them, as they have machines of their own in life. Told `open` on
 * standard input it lets them through to the hub, which until then nobody reaches. Says one JSON a line what happens.
 */
export interface ReturningOrders {
  readonly hubPort: number;
  readonly keys: readonly string[];
  readonly folder: string;
  /** Reports of each from before it begins, and the time between two. */
  readonly reports: number;
  readonly intervalMs: number;
}

export type ReturningEvent =
  /** Everything from before is in the spools. */
  | { readonly event: 'filled' }
  /** The hub has an agent's newest report for the first time, so long after it could be reached. */
  | { readonly event: 'fresh'; readonly afterMs: number }
  /** The hub has all that an agent had, so long after it could be reached. */
  | { readonly event: 'drained'; readonly afterMs: number; readonly reports: number };

const say = (event: ReturningEvent): void => void process.stdout.write(`${JSON.stringify(event)}\n`);

let openedAt = Infinity;

/** The way to the hub: shut at first. Its port is taken all the while. */
async function reserveLine(hubPort: number): Promise<{ port: number; open: () => void }> {
  const listen = (port: number): Promise<ReturnType<typeof createServer>> =>
    new Promise((resolve) => {
      const server = createServer((client) => {
        const upstream = connect(hubPort, '127.0.0.1');
        for (const socket of [client, upstream]) socket.on('error', () => undefined).setNoDelay();
        client.pipe(upstream).pipe(client);
        client.once('close', () => upstream.destroy());
      });
      server.listen(port, '127.0.0.1', () => resolve(server));
    });
  const first = await listen(0);
  const { port } = first.address() as AddressInfo;
  await new Promise((resolve) => first.close(resolve));
  return {
    port,
    open: () =>
      void listen(port).then(() => {
        openedAt = performance.now();
      }),
  };
}

class ReturningAgent {
  private isFresh = false;
  private readonly machine: SimulatedMachine;
  private readonly sender: ReportSender;

  constructor(
    index: number,
    private readonly spool: Spool,
    url: URL,
    key: string,
  ) {
    this.machine = new SimulatedMachine(index);
    const connection = new HubConnection({ url, key, userAgent: 'bench' });
    this.sender = new ReportSender(
      {
        spool: this.watch(spool),
        connection,
        ...{ log: () => {}, onAnswer: () => {}, onTaken: () => {}, onStopped: () => {} },
      },
      { sleep: (ms, signal) => sleep(ms, undefined, { signal }).catch(() => undefined), random: Math.random },
    );
  }

  async add(at: number): Promise<void> {
    const row = this.machine.next();
    await this.spool.add(encodeReportBody({ machine: 0, ats: [at], rows: [row] }), at);
  }

  wake(): void {
    this.sender.wake();
  }

  private watch(spool: Spool): Spool {
    const acknowledge = spool.acknowledge.bind(spool);
    spool.acknowledge = async (reports) => {
      if (!this.isFresh && reports.some(({ sequence }) => sequence === spool.newest)) {
        this.isFresh = true;
        say({ event: 'fresh', afterMs: performance.now() - openedAt });
      }
      await acknowledge(reports);
      if (spool.size === 0 && !this.isDrained) {
        this.isDrained = true;
        say({ event: 'drained', afterMs: performance.now() - openedAt, reports: spool.newest });
      }
    };
    return spool;
  }

  private isDrained = false;
}

async function run({ hubPort, keys, folder, reports, intervalMs }: ReturningOrders): Promise<void> {
  const line = await reserveLine(hubPort);
  const url = new URL(`http://127.0.0.1:${line.port}/`);
  const agents: ReturningAgent[] = [];
  const until = Date.now();
  for (const [index, key] of keys.entries()) {
    const path = `${folder}/spool-${index}`;
    mkdirSync(path, { mode: 0o700 });
    const options = { path, maxBytes: 1e9, maxAgeMs: 1e9, log: () => {}, now: Date.now };
    const agent = new ReturningAgent(index, await Spool.open(options), url, key);
    const adding: Promise<void>[] = [];
    for (let number = reports; number > 0; number--) adding.push(agent.add(until - number * intervalMs));
    await Promise.all(adding);
    agents.push(agent);
    agent.wake();
  }
  say({ event: 'filled' });
  for (const [index, agent] of agents.entries()) {
    setTimeout(
      () => {
        const report = (): void => void agent.add(Date.now()).then(() => agent.wake());
        report();
        setInterval(report, intervalMs);
      },
      (intervalMs * index) / agents.length,
    );
  }
  createInterface(process.stdin).on('line', () => line.open());
}

void run(JSON.parse(process.argv[2]!) as ReturningOrders);
