import type { StoredReport } from '../core/model/stored-report.js';

/** A report on its way to disk. */
export interface PendingReport {
  readonly monitorId: string;
  readonly receivedAt: number;
  readonly report: StoredReport;
  /**
   * Present: it goes on to its monitor's endpoint, and so into the outbox with the same commit. The ids of the hubs
   * that sent it on to here, with commas; empty when it came from its machine.
   */
  readonly forwardVia?: string;
}

/** What became of it: committed now, committed before, or its monitor is gone. */
export type StoreOutcome = 'accepted' | 'duplicate' | 'monitor_deleted';
