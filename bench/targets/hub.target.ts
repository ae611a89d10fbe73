import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ENGINE_FLAGS } from '../../test/support/engine-flags.js';
import { countConnections } from '../../test/support/flood/count-connections.js';
import { JsonClient } from '../client/json-client.js';
import { makePost } from '../client/http-load.js';
import type { ReportBatch } from '../data/report-batch.js';
import { encodeReportBody } from '../data/report-json.js';
import { onExit } from '../process/cleanup.js';
import { listDescendants, readCpuSeconds } from '../process/cpu-time.js';
import { readPeakBytes, readResidentBytes, readSharedBytes } from '../process/memory.js';
import { PinnedProcess } from '../process/pinned-process.js';
import { makeWorkDirectory, removeDirectory } from '../process/work-directory.js';
import { HUB_DIST } from './hub-dist.js';
import { ADMIN, createMonitors, signIn, type BenchMonitor } from './hub-session.js';
import { HubTables } from './hub-tables.js';
import { CHARTS, LATEST } from './page-charts.js';
import { readPostmasterPid } from './postmaster-pid.js';
import type {
  AnsweringTarget,
  PageAnswer,
  PageRequest,
  StartOptions,
  StoredSize,
  TargetKind,
} from './target.js';

const PAGE_QUERY = `query Page($ids: [ID!]!, $metrics: [String!]!, $from: DateTime!, $to: DateTime!, $points: Int!) {
  series(monitorIds: $ids, metrics: $metrics, from: $from, to: $to, maxPoints: $points) {
    timestamps columns { metric labels unit mean } resolutionSeconds
  }
}`;
const LATEST_QUERY = `query Latest($ids: [ID!], $metrics: [String!]) {
  latest(monitorIds: $ids, metrics: $metrics) { monitorId at metrics values }
}`;

interface PageData {
  readonly series: {
    readonly timestamps: readonly number[];
    readonly columns: readonly { readonly metric: string; readonly mean: readonly (number | null)[] }[];
  };
}

interface ForwardingState {
  readonly queued: number;
  readonly dropped: number;
}

interface LatestData {
  readonly latest: readonly { readonly values: readonly (number | null)[] }[];
}

/** One key stands for one agent, one user for one person; here each asks as fast as it can. Older builds have no such limits. */
function liftRates(): Record<string, string> {
  const known = readFileSync(path.join(HUB_DIST, 'src', 'config', 'environment.js'), 'utf8');
  const names = ['WATCHKEEPER_KEY_RATE', 'WATCHKEEPER_USER_RATE'].filter((name) => known.includes(name));
  return Object.fromEntries(names.map((name) => [name, 'off']));
}

/** The hub as it is built, with the Postgres that it starts by itself. */
export class HubTarget implements AnsweringTarget {
  readonly facts: Record<string, string>;
  readonly ways = ['one GraphQL request'];
  readonly port: number;
  readonly cookie: string;
  readonly monitors: readonly BenchMonitor[];
  private readonly process: PinnedProcess;
  private readonly dataDir: string;
  private readonly client: JsonClient;

  private constructor(parts: Pick<HubTarget, 'port' | 'cookie' | 'monitors'> & HubParts) {
    this.port = parts.port;
    this.cookie = parts.cookie;
    this.monitors = parts.monitors;
    this.process = parts.process;
    this.dataDir = parts.dataDir;
    this.client = parts.client;
    this.facts = {
      version: readVersion(),
      settings:
        'as it comes, but for WATCHKEEPER_KEY_RATE=off and WATCHKEEPER_USER_RATE=off: fsync and synchronous_commit on, shared_buffers 32 MB; answers after the commit',
      wire: 'JSON to POST /api/monitoring/data, not compressed',
    };
  }

  static async start({ machines, hubSettings, keepsRates = false }: StartOptions): Promise<HubTarget> {
    const dataDir = makeWorkDirectory('hub');
    const hub = new PinnedProcess(
      process.execPath,
      [...ENGINE_FLAGS, path.join(HUB_DIST, 'src', 'main.js')],
      {
        DATA_DIR: dataDir,
        PORT: '0',
        LOG_LEVEL: 'warn',
        WATCHKEEPER_ADMIN_EMAIL: ADMIN.email,
        WATCHKEEPER_ADMIN_PASSWORD: ADMIN.password,
        ...hubSettings,
        ...(keepsRates ? {} : liftRates()),
      },
    );
    onExit(() => process.kill(readPostmasterPid(dataDir), 'SIGQUIT'));
    const port = await hub.waitFor((output) => {
      const address = /Watchkeeper is running: (\S+)/.exec(output)?.[1];
      return address === undefined ? undefined : Number(new URL(address).port);
    });
    const cookie = await signIn(new JsonClient(port));
    const client = new JsonClient(port, { cookie });
    const monitors = await createMonitors(client, machines);
    const target = new HubTarget({ port, cookie, monitors, process: hub, dataDir, client });
    // What stands still does not hear that it is to end.
    onExit(() => target.resume());
    return target;
  }

  encode(batch: ReportBatch): Buffer {
    const headers = { 'Content-Type': 'application/json', 'X-API-Key': this.monitors[batch.machine]!.apiKey };
    return makePost('/api/monitoring/data', headers, encodeReportBody(batch));
  }

  judge(status: number, body: string, reports: number): string | undefined {
    if (status === 200 && body.startsWith(`{"accepted":${reports},`)) return undefined;
    return `the hub did not accept ${reports} reports: ${status} ${body.slice(0, 400)}`;
  }

  /** Hub and Postgres. The postmaster is the hub's child, and named all the same should the hub have adopted it. */
  readCpuSeconds(): number {
    return readCpuSeconds([this.process.pid, readPostmasterPid(this.dataDir)]);
  }

  /** Bytes: the most that the hub's own process held, and what Postgres holds now. */
  readMemory(): { hubPeakBytes: number; postgresBytes: number } {
    return {
      hubPeakBytes: readPeakBytes(this.process.pid),
      postgresBytes: readSharedBytes(readPostmasterPid(this.dataDir)),
    };
  }

  /** Of the hub's own process now, bytes. */
  readResidentBytes(): number {
    return readResidentBytes(this.process.pid);
  }

  /** Connections of clients that the hub holds now. */
  countConnections(): number {
    return countConnections(this.port);
  }

  readPostgresCpuSeconds(): number {
    return readCpuSeconds([readPostmasterPid(this.dataDir)]);
  }

  async settle(isPatient: boolean): Promise<void> {
    await this.withTables((tables) => tables.awaitSealed(isPatient));
  }

  measureStored(): Promise<StoredSize[]> {
    return this.withTables((tables) => tables.measure());
  }

  async extendHistory(machines: number, days: number): Promise<void> {
    const ids = this.monitors.slice(0, machines).map(({ id }) => id);
    await this.withTables((tables) => tables.writeLongHistory(ids, days));
  }

  countSealedReports(): Promise<number> {
    return this.withTables((tables) => tables.countSealed());
  }

  /** Reports of these monitors that are kept, wherever they lie. */
  countKept(): Promise<number> {
    return this.withTables((tables) => tables.countKept(this.monitors.map(({ id }) => id)));
  }

  /** Where a machine's reports go on to. */
  async setEndpoint(machine: number, url: string): Promise<void> {
    const path = `/api/monitoring/${this.monitors[machine]!.id}`;
    const body = JSON.stringify({ endpointUrl: url });
    const answer = await this.client.request('PATCH', path, body, 'application/json');
    if (answer.statusCode !== 200) throw new Error(`no endpoint: ${answer.statusCode} ${answer.text}`);
  }

  /** How sending on goes, of each machine. */
  async readForwarding(): Promise<ForwardingState[]> {
    const states: ForwardingState[] = [];
    for (const { id } of this.monitors) {
      const { forwarding } = await this.client.get<{ forwarding: ForwardingState }>(
        `/api/monitoring/${id}/status`,
      );
      states.push(forwarding);
    }
    return states;
  }

  /** Reports that wait to be sent on. */
  countWaiting(): Promise<number> {
    return this.withTables((tables) => tables.countWaiting());
  }

  /** Stands still from now on, with its Postgres, and takes no CPU until `resume`. */
  pause(): void {
    this.signalAll('SIGSTOP');
  }

  resume(): void {
    this.signalAll('SIGCONT');
  }

  async openPage({ machine, fromAt, toAt, stepMs }: PageRequest): Promise<PageAnswer> {
    const { series } = await this.ask<PageData>(PAGE_QUERY, {
      ids: [this.monitors[machine]!.id],
      metrics: CHARTS.flatMap((chart) => chart.hubMetrics),
      from: new Date(fromAt).toISOString(),
      to: new Date(toAt).toISOString(),
      // So many that the hub picks the step that the peers are told.
      points: Math.floor((toAt - fromAt) / stepMs) + 1,
    });
    const cpu = series.columns.find(({ metric }) => metric === 'cpu.usagePercent')?.mean ?? [];
    const known = cpu.filter((value) => value !== null);
    return {
      series: series.columns.length,
      points: series.columns.reduce((sum, { mean }) => sum + mean.length, 0),
      meanCpuPercent: known.reduce((sum, value) => sum + value, 0) / known.length,
    };
  }

  async readLatest(): Promise<number> {
    const { latest } = await this.ask<LatestData>(LATEST_QUERY, {
      ids: this.monitors.map(({ id }) => id),
      metrics: LATEST.hubMetrics,
    });
    return latest.reduce((sum, { values }) => sum + values.length, 0);
  }

  receivedBytes(): number {
    return this.client.receivedBytes;
  }

  async stop(): Promise<void> {
    this.client.close();
    await this.process.stop();
    removeDirectory(this.dataDir);
  }

  private signalAll(signal: NodeJS.Signals): void {
    const roots = [this.process.pid, readPostmasterPid(this.dataDir)];
    for (const pid of new Set(roots.flatMap(listDescendants))) {
      try {
        process.kill(pid, signal);
      } catch {
        // It ended meanwhile, as helpers of Postgres do.
      }
    }
  }

  private async ask<Data>(query: string, variables: Record<string, unknown>): Promise<Data> {
    const answer = await this.client.post<{ data?: Data; errors?: unknown }>('/graphql', {
      query,
      variables,
    });
    if (!answer.data || answer.errors) throw new Error(`the hub's GraphQL: ${JSON.stringify(answer.errors)}`);
    return answer.data;
  }

  private async withTables<Result>(work: (tables: HubTables) => Promise<Result>): Promise<Result> {
    const tables = await HubTables.open(this.dataDir);
    return work(tables).finally(() => tables.close());
  }
}

interface HubParts {
  readonly process: PinnedProcess;
  readonly dataDir: string;
  readonly client: JsonClient;
}

function readVersion(): string {
  const manifest = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
}

export const HUB: TargetKind<HubTarget> = {
  id: 'hub',
  name: 'Watchkeeper',
  findMissing: () =>
    existsSync(path.join(HUB_DIST, 'src', 'main.js')) ? undefined : 'the built hub: run `npm run build:hub`',
  start: (options) => HubTarget.start(options),
};
