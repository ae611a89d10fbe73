import { writeFileSync } from 'node:fs';
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

const PACKAGE = 'prometheus';
const FLAGS = ['--web.enable-remote-write-receiver', '--web.enable-admin-api', '--log.level=warn'];
/** A rate needs two samples in its window: four intervals, as its users set it. */
const MIN_RATE_WINDOW_MS = 40_000;
/** Blocks are compacted once a minute, one after the other. */
const COMPACTION_QUIET_MS = 65_000;
const COMPACTION_DEADLINE_MS = 6 * 60_000;

/** Debian's Prometheus. History is sent in time order, so it needs no window for out-of-order samples. */
export class PrometheusTarget implements AnsweringTarget {
  readonly facts: Record<string, string>;
  readonly ways = ['one query a chart', 'one query for all charts'];
  readonly port: number;
  private readonly process: PinnedProcess;
  private readonly directory: string;
  private readonly sender: RemoteWriteSender;
  private readonly client: JsonClient;
  private readonly reader: PromqlReader;

  private constructor(process: PinnedProcess, port: number, directory: string, { shape }: StartOptions) {
    this.process = process;
    this.port = port;
    this.directory = directory;
    this.sender = new RemoteWriteSender(shape);
    this.client = new JsonClient(port);
    this.reader = new PromqlReader(this.client, {
      rateWindowMs: (stepMs) => Math.max(stepMs, MIN_RATE_WINDOW_MS),
      join: (expressions) =>
        expressions
          .map((expression, chart) => `label_replace(${expression}, "chart", "${chart}", "", "")`)
          .join(' or '),
    });
    this.facts = {
      version: readDebianVersion(PACKAGE),
      settings: FLAGS.join(' '),
      wire: describeWire(shape),
    };
  }

  static async start(options: StartOptions): Promise<PrometheusTarget> {
    const directory = makeWorkDirectory('prometheus');
    const config = path.join(directory, 'prometheus.yml');
    writeFileSync(config, 'global: {}\n');
    const port = await findFreePort();
    const args = [
      `--config.file=${config}`,
      `--storage.tsdb.path=${path.join(directory, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      ...FLAGS,
    ];
    const target = new PrometheusTarget(new PinnedProcess(PACKAGE, args), port, directory, options);
    await target.process.waitFor(() =>
      target.client.request('GET', '/-/ready').then(
        (response) => (response.statusCode === 200 ? true : undefined),
        () => undefined,
      ),
    );
    return target;
  }

  encode(batch: ReportBatch): Buffer {
    return this.sender.encode(batch);
  }

  judge(status: number, body: string): string | undefined {
    return judgeRemoteWrite(status, body);
  }

  readCpuSeconds(): number {
    return readCpuSeconds([this.process.pid]);
  }

  /** Until a whole round of its compaction loop has changed nothing. */
  async settle(isPatient: boolean): Promise<void> {
    if (!isPatient) return;
    const startedAt = Date.now();
    let before = '';
    for (let changedAt = startedAt; Date.now() - changedAt < COMPACTION_QUIET_MS; await sleep(2_000)) {
      if (Date.now() - startedAt > COMPACTION_DEADLINE_MS) return;
      const { text } = await this.client.request('GET', '/metrics');
      const now = (text.match(/^prometheus_tsdb_(?:compactions_total|blocks_loaded) .*/gm) ?? []).join();
      if (now !== before) changedAt = Date.now();
      before = now;
    }
  }

  /** A snapshot holds the blocks and, as one more block, what is still in memory. */
  async measureStored(): Promise<StoredSize[]> {
    const { data } = await this.client.postForm<{ data: { name: string } }>(
      '/api/v1/admin/tsdb/snapshot',
      {},
    );
    const snapshot = path.join(this.directory, 'data', 'snapshots', data.name);
    return [
      {
        what: 'blocks (a snapshot: those on disk and the head as a block)',
        bytes: measureDirectory(snapshot),
        isCounted: true,
      },
      {
        what: 'write-ahead log beside them',
        bytes: measureDirectory(path.join(this.directory, 'data', 'wal')),
        isCounted: false,
      },
    ];
  }

  openPage(request: PageRequest, way: string): Promise<PageAnswer> {
    return this.reader.openPage(request, way === this.ways[1]);
  }

  readLatest(): Promise<number> {
    return this.reader.readLatest();
  }

  receivedBytes(): number {
    return this.client.receivedBytes;
  }

  async stop(): Promise<void> {
    this.client.close();
    await this.process.stop();
    removeDirectory(this.directory);
  }
}

export const PROMETHEUS: TargetKind<PrometheusTarget> = {
  id: 'prometheus',
  name: 'Prometheus',
  findMissing: () => findMissingProgram(PACKAGE, PACKAGE),
  start: (options) => PrometheusTarget.start(options),
};
