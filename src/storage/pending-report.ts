import type { StoredReport } from '../core/model/stored-report.js';

/** A report on its way to disk. */
export interface PendingReport {
  readonly monitorId: string;
  readonly receivedAt: number;
  readonly report: StoredReport;
}

/** What became of it: committed now, committed before, or its monitor is gone. */
export type StoreOutcome = 'accepted' | 'duplicate' | 'monitor_deleted';
