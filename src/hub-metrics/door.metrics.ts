import { Injectable } from '@nestjs/common';
import { WebsocketDoor } from '../graphql/websocket-door.js';
import { LiveReports } from '../live/live-reports.js';
import { HttpTimes } from './http-times.js';
import { MetricsRegistry } from './metrics-registry.js';

/** Requests and live connections. */
@Injectable()
export class DoorMetrics {
  constructor(registry: MetricsRegistry, httpTimes: HttpTimes, sockets: WebsocketDoor, live: LiveReports) {
    registry.histogram('watchkeeper_http_request_duration_seconds', 'Requests other than reports.', () =>
      Array.from(httpTimes.all(), ({ labels, durations }) => ({ labels, values: durations })),
    );
    registry.gauge('watchkeeper_websockets', 'Open WebSockets.', (say) => say(sockets.openCount));
    registry.gauge('watchkeeper_live_subscribers', 'Subscriptions to new reports.', (say) =>
      say(live.subscribers),
    );
    registry.counter(
      'watchkeeper_live_reports_replaced_total',
      'Live reports that a newer one replaced before a subscriber was told of them.',
      (say) => say(live.replaced),
    );
  }
}
