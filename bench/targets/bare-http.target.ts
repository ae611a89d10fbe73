import { makePost } from '../client/http-load.js';
import type { ReportBatch } from '../data/report-batch.js';
import { encodeReportBody } from '../data/report-json.js';
import { readCpuSeconds } from '../process/cpu-time.js';
import type { PinnedProcess } from '../process/pinned-process.js';
import { startServer } from './server-process.js';
import type { Target, TargetKind } from './target.js';

/** The least that any Node program pays for these reports: it keeps nothing. */
export class BareHttpTarget implements Target {
  readonly facts = { version: `Node ${process.versions.node}`, wire: 'the same JSON as the hub' };
  readonly port: number;
  private readonly process: PinnedProcess;

  private constructor(server: PinnedProcess, port: number) {
    this.process = server;
    this.port = port;
  }

  static async start(): Promise<BareHttpTarget> {
    const server = await startServer('bare-server.ts');
    return new BareHttpTarget(server.process, server.port);
  }

  encode(batch: ReportBatch): Buffer {
    return makePost('/', { 'Content-Type': 'application/json' }, encodeReportBody(batch));
  }

  judge(status: number, body: string, reports: number): string | undefined {
    return body === `{"accepted":${reports}}` ? undefined : `bare http: ${status} ${body}`;
  }

  readCpuSeconds(): number {
    return readCpuSeconds([this.process.pid]);
  }

  stop(): Promise<void> {
    return this.process.stop();
  }
}

export const BARE_HTTP: TargetKind<BareHttpTarget> = {
  id: 'bare-http',
  name: 'node:http + JSON.parse',
  findMissing: () => undefined,
  start: () => BareHttpTarget.start(),
};
