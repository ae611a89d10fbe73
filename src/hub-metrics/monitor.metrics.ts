import { Injectable } from '@nestjs/common';
import { HUB_VERSION } from '../config/hub-version.js';
import { HealthWatch } from '../monitors/health-watch.js';
import { MonitorDirectory } from '../monitors/monitor-directory.js';
import { MONITOR_HEALTHS } from '../monitors/monitor-health.js';
import { ClockJumps } from './clock-jumps.js';
import { MetricsRegistry } from './metrics-registry.js';

/** The hub’s own clock and version, and how its monitors are. */
@Injectable()
export class MonitorMetrics {
  constructor(registry: MetricsRegistry, directory: MonitorDirectory, watch: HealthWatch, clock: ClockJumps) {
    registry.gauge(
      'watchkeeper_monitors',
      'Monitors by health.',
      (say) => {
        const counts = new Map<string, number>(MONITOR_HEALTHS.map((health) => [health, 0]));
        for (const monitor of directory.all()) {
          const health = watch.healthOf(monitor);
          counts.set(health, (counts.get(health) ?? 0) + 1);
        }
        for (const [health, count] of counts) say(count, { health });
      },
      ['health'],
    );
    registry.counter(
      'watchkeeper_clock_jumps_total',
      'Times that the hub’s clock went more than a second astray: it was set, or the machine slept.',
      (say) => say(clock.count),
    );
    registry.gauge('watchkeeper_build_info', 'Always 1.', (say) => say(1, { version: HUB_VERSION }), [
      'version',
    ]);
  }
}
