import { Injectable } from '@nestjs/common';
import type { TopProcess } from '../core/model/report.js';
import { MonitorLosses } from '../monitors/monitor-losses.js';
import { MonitorNotes } from '../monitors/monitor-notes.js';
import type { MonitorSettings } from '../monitors/monitor-directory.js';
import type { MonitorInventory } from '../monitors/monitor.entity.js';
import { ReportedBoots } from '../monitors/reported-boots.js';
import { TopProcesses } from '../monitors/top-processes.js';
import type { PendingReport, StoreOutcome } from '../storage/pending-report.js';
import { RepeatedReports } from '../storage/repeated-reports.js';
import { IngestionCounts } from './ingestion-counts.js';
import type { IngestionAnswer, RejectedReport } from './ingestion.service.js';

/** Tells those concerned what became of a request's reports: the monitor's page, and the hub's own metrics. */
@Injectable()
export class OutcomeNotes {
  constructor(
    private readonly notes: MonitorNotes,
    private readonly losses: MonitorLosses,
    private readonly repeated: RepeatedReports,
    private readonly counts: IngestionCounts,
    private readonly topProcesses: TopProcesses,
    private readonly boots: ReportedBoots,
  ) {}

  /**
   * What a report says of its machine. One that was there before says it again: the hub may have been killed between
   * the two. One whose monitor is gone changes nothing.
   * @returns whether it has to be written before the answer, by `writeInventory`
   */
  noteInventory(
    { monitorId, report }: PendingReport,
    outcome: StoreOutcome,
    inventory: MonitorInventory,
    topProcesses: readonly TopProcess[] | null = null,
  ): boolean {
    if (outcome !== 'accepted' && outcome !== 'duplicate') return false;
    if (topProcesses && outcome === 'accepted') this.topProcesses.note(monitorId, report.at, topProcesses);
    return this.notes.noteInventory(monitorId, report.at, inventory);
  }

  writeInventory(monitorId: string): Promise<void> {
    return this.notes.writeNow(monitorId);
  }

  noteAnswer(
    monitor: MonitorSettings,
    rows: readonly PendingReport[],
    outcomes: readonly StoreOutcome[],
    answer: IngestionAnswer,
    address?: string,
  ): void {
    this.noteBoots(monitor, rows, outcomes, address);
    this.counts.note(rows, outcomes, answer);
    if (answer.droppedValues) this.losses.noteDropped(monitor.id, answer.droppedValues);
    if (answer.duplicates > 0)
      this.repeated.note(rows.filter((_, position) => outcomes[position] === 'duplicate'));
  }

  private noteBoots(
    { id, kind }: MonitorSettings,
    rows: readonly PendingReport[],
    outcomes: readonly StoreOutcome[],
    address: string | undefined,
  ): void {
    if (kind !== 'agent') return;
    for (let index = 0; index < rows.length; index++)
      if (outcomes[index] === 'accepted') this.boots.note(id, rows[index]!.report, address);
  }

  /** @param refused what was refused before anything was stored: the sender's fault */
  noteHealth(
    monitor: MonitorSettings,
    refused: readonly RejectedReport[],
    outcomes: readonly StoreOutcome[],
  ): void {
    const first = refused[0];
    if (first) this.notes.noteError(monitor.id, `report refused: ${first.code} ${first.path}`.trim());
    // What ails a local monitor is its collector's to say.
    else if (monitor.kind === 'agent' && outcomes.includes('accepted'))
      this.notes.noteError(monitor.id, null);
  }
}
