import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { JsonClient } from '../client/json-client.js';
import type { ReportBatch } from '../data/report-batch.js';
import { readCpuSeconds } from '../process/cpu-time.js';
import { findFreePort, PinnedProcess } from '../process/pinned-process.js';
import { makeWorkDirectory, measureDirectory, removeDirectory } from '../process/work-directory.js';
import { findMissingProgram, readDebianVersion } from './installed-program.js';
import { PromqlReader } from './promql-reader.js';
import { describeWire, judgeRemoteWrite, RemoteWriteSender } from './remote-write.js';
import type {
  AnsweringTarget,
  PageAnswer,
  PageRequest,
  StartOptions,
  StoredSize,
  TargetKind,
} from './target.js';

const PACKAGE = 'victoria-metrics';
const FLAGS = [
  // By default the newest 30 s are hidden from queries: switched off, so that latest means latest.
  '-search.latencyOffset=0s',
  '-loggerLevel=WARN',
];
const FLUSH_MS = 6_000;
const MERGE_DEADLINE_MS = 5 * 60_000;

const WAYS = {
  'one query a chart': { isGrouped: false, extra: {} },
  'one query for all charts': { isGrouped: true, extra: {} },
  'one query a chart, nocache=1': { isGrouped: false, extra: { nocache: '1' } },
  'one query for all charts, nocache=1': { isGrouped: true, extra: { nocache: '1' } },
} as const;

/** Debian's VictoriaMetrics. */
export class VictoriaMetricsTarget implements AnsweringTarget {
  readonly facts: Record<string, string>;
  readonly ways = Object.keys(WAYS);
  readonly port: number;
  private process: PinnedProcess;
  /** Of the process before a restart. */
  private endedCpuSeconds = 0;
  private readonly directory: string;
  private readonly sender: RemoteWriteSender;
  private readonly client: JsonClient;
  private readonly reader: PromqlReader;
  private flushedBytes = 0;

  private constructor(process: PinnedProcess, port: number, directory: string, { shape }: StartOptions) {
    this.process = process;
    this.port = port;
    this.directory = directory;
    this.sender = new RemoteWriteSender(shape);
    this.client = new JsonClient(port);
    this.reader = new PromqlReader(this.client, {
      rateWindowMs: (stepMs) => stepMs,
      join: (expressions) =>
        `(${expressions.map((expression, chart) => `label_set(${expression}, "chart", "${chart}")`).join(', ')})`,
    });
    this.facts = {
      version: readDebianVersion(PACKAGE),
      settings: FLAGS.join(' '),
      wire: describeWire(shape),
    };
  }

  static async start(options: StartOptions): Promise<VictoriaMetricsTarget> {
    const directory = makeWorkDirectory('victoria-metrics');
    const port = await findFreePort();
    const target = new VictoriaMetricsTarget(launch(directory, port), port, directory, options);
    await target.awaitHealthy();
    return target;
  }

  encode(batch: ReportBatch): Buffer {
    return this.sender.encode(batch);
  }

  judge(status: number, body: string): string | undefined {
    return judgeRemoteWrite(status, body);
  }

  readCpuSeconds(): number {
    return this.endedCpuSeconds + readCpuSeconds([this.process.pid]);
  }

  async settle(): Promise<void> {
    // What is in memory goes to files within some seconds; only a stop is sure to leave nothing there.
    await sleep(FLUSH_MS);
    const cpuSeconds = this.readCpuSeconds();
    await this.process.stop();
    this.endedCpuSeconds = cpuSeconds;
    this.flushedBytes = measureDirectory(path.join(this.directory, 'data'));
    this.process = launch(this.directory, this.port);
    await this.awaitHealthy();
    await this.client.request('GET', '/internal/force_merge');
    for (const startedAt = Date.now(); Date.now() - startedAt < MERGE_DEADLINE_MS;) {
      await sleep(1_000);
      const { text } = await this.client.request('GET', '/metrics');
      const running = [...text.matchAll(/^vm_active_(?:force_)?merges\S* (\d+)/gm)];
      if (running.every(([, count]) => count === '0')) return;
    }
  }

  measureStored(): Promise<StoredSize[]> {
    const merged = measureDirectory(path.join(this.directory, 'data'));
    return Promise.resolve([
      {
        what: 'data, after a flush and a stop',
        bytes: this.flushedBytes,
        isCounted: this.flushedBytes <= merged,
      },
      { what: 'data, after a forced merge as well', bytes: merged, isCounted: this.flushedBytes > merged },
      { what: 'index', bytes: measureDirectory(path.join(this.directory, 'indexdb')), isCounted: false },
    ]);
  }

  openPage(request: PageRequest, way: string): Promise<PageAnswer> {
    const { isGrouped, extra } = WAYS[way as keyof typeof WAYS];
    return this.reader.openPage(request, isGrouped, extra);
  }

  readLatest(): Promise<number> {
    return this.reader.readLatest();
  }

  receivedBytes(): number {
    return this.client.receivedBytes;
  }

  private async awaitHealthy(): Promise<void> {
    await this.process.waitFor(() =>
      this.client.request('GET', '/health').then(
        (response) => (response.statusCode === 200 ? true : undefined),
        () => undefined,
      ),
    );
  }

  async stop(): Promise<void> {
    this.client.close();
    await this.process.stop();
    removeDirectory(this.directory);
  }
}

function launch(directory: string, port: number): PinnedProcess {
  const args = [`-storageDataPath=${directory}`, `-httpListenAddr=127.0.0.1:${port}`, ...FLAGS];
  return new PinnedProcess(PACKAGE, args);
}

export const VICTORIA_METRICS: TargetKind<VictoriaMetricsTarget> = {
  id: 'victoria-metrics',
  name: 'VictoriaMetrics',
  findMissing: () => findMissingProgram(PACKAGE, PACKAGE),
  start: (options) => VictoriaMetricsTarget.start(options),
};
