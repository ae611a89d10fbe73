import { Injectable } from '@nestjs/common';
import { GroupCommit } from '../storage/group-commit.js';
import { MetricsRegistry } from './metrics-registry.js';

/** The way of reports to the disk. */
@Injectable()
export class CommitMetrics {
  constructor(registry: MetricsRegistry, groupCommit: GroupCommit) {
    registry.histogram(
      'watchkeeper_commit_duration_seconds',
      'From a batch of reports to its commit.',
      () => [{ labels: {}, values: groupCommit.durations }],
    );
    registry.histogram('watchkeeper_commit_reports', 'Reports that were committed together.', () => [
      { labels: {}, values: groupCommit.batchSizes },
    ]);
    registry.gauge('watchkeeper_queue_reports', 'Reports that wait for their commit.', (say) =>
      say(groupCommit.waiting.reports),
    );
    registry.gauge('watchkeeper_queue_bytes', 'Their values, in bytes.', (say) =>
      say(groupCommit.waiting.bytes),
    );
  }
}
