import type { ReportBatch } from '../data/report-batch.js';
import type { BatchShape } from '../wire/write-request.js';

/** Something that takes reports, running on its own core. */
export interface Target {
  /** Version, flags, what goes over the wire: what a reader needs to judge a figure. */
  readonly facts: Readonly<Record<string, string>>;
  readonly port: number;
  /** One whole request. */
  encode(batch: ReportBatch): Buffer;
  /** What is wrong with an answer; undefined when everything was accepted. */
  judge(status: number, body: string, reports: number): string | undefined;
  /** Of all its processes so far. */
  readCpuSeconds(): number;
  /** Of its Postgres alone, where it has one. */
  readPostgresCpuSeconds?(): number;
  stop(): Promise<void>;
}

export interface StoredSize {
  readonly what: string;
  readonly bytes: number;
  /** Whether it counts among the bytes a sample. */
  readonly isCounted: boolean;
}

/** A target that keeps what it takes. */
export interface KeepingTarget extends Target {
  /**
   * Resolves when what was taken is as it will stay: flushed, merged, sealed.
   * @param isPatient false: waits for no background work that takes minutes
   */
  settle(isPatient: boolean): Promise<void>;
  measureStored(): Promise<StoredSize[]>;
  /** Where sizes are of sealed reports alone: how many these are. */
  countSealedReports?(): Promise<number>;
}

export interface PageRequest {
  readonly machine: number;
  /** Epoch milliseconds, whole steps. */
  readonly fromAt: number;
  readonly toAt: number;
  readonly stepMs: number;
}

/** What the client has in its hands after parsing: numbers, ready to be drawn. */
export interface PageAnswer {
  readonly series: number;
  readonly points: number;
  /** Mean of all points of the CPU chart: shows that everybody answers the same question. */
  readonly meanCpuPercent: number;
}

/** A way to ask; a target may have several, of which the quickest counts. */
export interface AnsweringTarget extends KeepingTarget {
  readonly ways: readonly string[];
  openPage(request: PageRequest, way: string): Promise<PageAnswer>;
  /** The latest CPU, memory and disk percentages of all machines; resolves with how many values came. */
  readLatest(): Promise<number>;
  receivedBytes(): number;
  /** Where old history can be made quickly: puts so many days before what the first machines have sent. */
  extendHistory?(machines: number, days: number): Promise<void>;
}

export interface StartOptions {
  readonly machines: number;
  readonly shape: BatchShape;
  /** Settings of the hub beside those that it comes with. */
  readonly hubSettings?: Readonly<Record<string, string>>;
  /** The hub's limits of how often somebody may ask stay as they come. */
  readonly keepsRates?: boolean;
}

export interface TargetKind<Kind extends Target = Target> {
  readonly id: string;
  readonly name: string;
  /** What is not installed, and how to install it. */
  findMissing(): string | undefined;
  start(options: StartOptions): Promise<Kind>;
}
