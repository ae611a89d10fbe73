/** A report as it will travel: its JSON never changes after it was measured, `at` least of all. */
export interface QueuedReport {
  /** Grows with every report of this queue. */
  readonly sequence: number;
  readonly json: string;
}

/** Reports that the hub has not acknowledged yet, oldest first. */
export interface ReportQueue {
  readonly size: number;
  /** Reports that were given up because the queue was full. */
  readonly droppedCount: number;
  push(json: string): void;
  /** The oldest reports, at most `maxReports` and `maxBytes` together, yet at least one if there is one. */
  peek(maxReports: number, maxBytes: number): readonly QueuedReport[];
  /** Forgets all reports up to and with this sequence, whatever was dropped in the meantime. */
  forgetThrough(sequence: number): void;
}

/** Machines with many disks have long reports: the count alone would not bound the memory. */
const MAX_QUEUE_BYTES = 32 * 1024 * 1024;

/** A queue in memory: what it holds is lost when the agent ends. When full, the oldest go. */
export class MemoryReportQueue implements ReportQueue {
  private reports: QueuedReport[] = [];
  /** Reports before this index are gone; removing them one by one would copy the whole list each time. */
  private head = 0;
  private bytes = 0;
  private nextSequence = 1;
  private dropped = 0;

  constructor(
    private readonly maxReports: number,
    private readonly maxBytes = MAX_QUEUE_BYTES,
  ) {}

  get size(): number {
    return this.reports.length - this.head;
  }

  get droppedCount(): number {
    return this.dropped;
  }

  push(json: string): void {
    this.reports.push({ sequence: this.nextSequence++, json });
    this.bytes += json.length;
    while (this.size > this.maxReports || (this.bytes > this.maxBytes && this.size > 1)) {
      this.removeOldest();
      this.dropped++;
    }
  }

  peek(maxReports: number, maxBytes: number): readonly QueuedReport[] {
    const batch: QueuedReport[] = [];
    let bytes = 0;
    for (let index = this.head; index < this.reports.length && batch.length < maxReports; index++) {
      const report = this.reports[index]!;
      bytes += report.json.length;
      if (batch.length > 0 && bytes > maxBytes) break;
      batch.push(report);
    }
    return batch;
  }

  forgetThrough(sequence: number): void {
    while (this.size > 0 && this.reports[this.head]!.sequence <= sequence) this.removeOldest();
  }

  private removeOldest(): void {
    this.bytes -= this.reports[this.head]!.json.length;
    this.head++;
    if (this.head * 2 >= this.reports.length) {
      this.reports = this.reports.slice(this.head);
      this.head = 0;
    }
  }
}
