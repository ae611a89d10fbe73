import { Injectable } from '@nestjs/common';
import { Forwarder } from '../forwarding/forwarder.js';
import { ForwardingCounts } from '../forwarding/forwarding-counts.js';
import { MetricsRegistry } from './metrics-registry.js';

/** The way of reports to other servers. Those servers have no label: where reports go is for nobody else to read. */
@Injectable()
export class ForwardingMetrics {
  constructor(registry: MetricsRegistry, forwarder: Forwarder, counts: ForwardingCounts) {
    const read = () => forwarder.summarize(Date.now());
    registry.gauge(
      'watchkeeper_forwarding_monitors',
      'Monitors whose reports are sent on.',
      (say) => {
        for (const [state, count] of Object.entries(read().monitors)) say(count, { state });
      },
      ['state'],
    );
    registry.gauge(
      'watchkeeper_forwarding_servers',
      'Servers that reports are sent on to; while one is silent it is asked by one request at a time.',
      (say) => {
        for (const [state, count] of Object.entries(read().servers)) say(count, { state });
      },
      ['state'],
    );
    registry.gauge('watchkeeper_forwarding_queued_reports', 'Reports that wait to be sent on.', (say) =>
      say(read().queuedReports),
    );
    registry.gauge('watchkeeper_forwarding_queued_bytes', 'Their values, in bytes.', (say) =>
      say(read().queuedBytes),
    );
    registry.gauge(
      'watchkeeper_forwarding_lag_seconds',
      'For how long the oldest of them has waited; 0 when none waits.',
      (say) => say(read().lagSeconds),
    );
    registry.counter('watchkeeper_forwarding_sent_reports_total', 'Reports that were taken there.', (say) =>
      say(counts.sent),
    );
    registry.counter(
      'watchkeeper_forwarding_dropped_reports_total',
      'Reports that are not sent on any more: too many waited, or they were refused for good.',
      (say) => {
        for (const [reason, count] of counts.dropped.entries()) say(count, { reason });
      },
      ['reason'],
    );
    registry.counter(
      'watchkeeper_forwarding_requests_total',
      'Requests with reports, by what came of them.',
      (say) => {
        for (const [outcome, count] of counts.requests.entries()) say(count, { outcome });
      },
      ['outcome'],
    );
  }
}
