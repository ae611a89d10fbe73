import { Injectable } from '@nestjs/common';
import { Distribution, DURATION_BOUNDS } from '../common/distribution.js';
import { Tally } from '../common/tally.js';
import type { ErrorCode } from '../core/errors.js';
import type { RejectCode } from '../core/model/parsed-report.js';
import type { PendingReport, StoreOutcome } from '../storage/pending-report.js';
import type { IngestionAnswer } from './ingestion.service.js';

/** What became of reports since the start; plain numbers that the hub's own metrics read. */
@Injectable()
export class IngestionCounts {
  accepted = 0;
  duplicates = 0;
  /** Values of accepted reports. */
  samples = 0;
  droppedValues = 0;
  readonly rejected = new Tally<RejectCode>();
  /** Requests that were refused whole. */
  readonly refused = new Tally<ErrorCode>();
  /** Seconds from a whole request to its answer. */
  readonly durations = new Distribution(DURATION_BOUNDS);

  /** @param begunAt when the request was whole, monotonic milliseconds */
  noteDuration(begunAt: number): void {
    this.durations.observe((performance.now() - begunAt) / 1000);
  }

  note(rows: readonly PendingReport[], outcomes: readonly StoreOutcome[], answer: IngestionAnswer): void {
    this.accepted += answer.accepted;
    this.duplicates += answer.duplicates;
    this.droppedValues += answer.droppedValues ?? 0;
    for (const { code } of answer.rejected) this.rejected.add(code);
    for (let index = 0; index < rows.length; index++) {
      if (outcomes[index] === 'accepted') this.samples += rows[index]!.report.values.length;
    }
  }
}
