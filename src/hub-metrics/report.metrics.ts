import { Injectable } from '@nestjs/common';
import { EventBus } from '../events/event-bus.js';
import { IngestionCounts } from '../ingestion/ingestion-counts.js';
import { MetricsRegistry } from './metrics-registry.js';

/** What became of reports. */
@Injectable()
export class ReportMetrics {
  constructor(registry: MetricsRegistry, ingestion: IngestionCounts, events: EventBus) {
    let conflicts = 0;
    events.on('report.conflicted', ({ count }) => (conflicts += count));
    registry.counter(
      'watchkeeper_reports_total',
      'Reports that were stored, or had been before.',
      (say) => {
        say(ingestion.accepted, { outcome: 'accepted' });
        say(ingestion.duplicates, { outcome: 'duplicate' });
      },
      ['outcome'],
    );
    registry.counter(
      'watchkeeper_reports_rejected_total',
      'Reports that were refused, by the code in their answer.',
      (say) => {
        for (const [code, count] of ingestion.rejected.entries()) say(count, { code });
      },
      ['code'],
    );
    registry.counter('watchkeeper_samples_total', 'Values of accepted reports.', (say) =>
      say(ingestion.samples),
    );
    registry.counter(
      'watchkeeper_dropped_values_total',
      'Values left out because their monitor had too many series.',
      (say) => say(ingestion.droppedValues),
    );
    registry.counter(
      'watchkeeper_conflicting_reports_total',
      'Reports for an instant of which another report was stored before.',
      (say) => say(conflicts),
    );
    registry.counter(
      'watchkeeper_ingestion_refusals_total',
      'Requests with reports that were refused whole, by the code of the answer.',
      (say) => {
        for (const [code, count] of ingestion.refused.entries()) say(count, { code });
      },
      ['code'],
    );
    registry.histogram(
      'watchkeeper_ingestion_duration_seconds',
      'From a whole request with reports to its answer, the commit included.',
      () => [{ labels: {}, values: ingestion.durations }],
    );
  }
}
