import { readdir } from 'node:fs/promises';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { MetricsRegistry } from './metrics-registry.js';

const RESOLUTION_MS = 20;

/** The hub's process: memory, CPU, how late its event loop is. */
@Injectable()
export class ProcessMetrics implements OnModuleDestroy {
  private readonly delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  private summary: Promise<readonly number[]> | undefined;

  constructor(registry: MetricsRegistry) {
    this.delay.enable();
    const names = ['p50', 'p99', 'max'];
    names.forEach((name, index) =>
      registry.gauge(
        `watchkeeper_event_loop_delay_${name}_seconds`,
        'How late the event loop was since the metrics were read last.',
        async (say) => say((await this.readDelays())[index]!),
      ),
    );
    registry.counter('process_cpu_seconds_total', 'CPU time of the hub, without Postgres.', (say) => {
      const { user, system } = process.cpuUsage();
      say((user + system) / 1e6);
    });
    registry.gauge('process_resident_memory_bytes', 'Memory of the hub, without Postgres.', (say) =>
      say(process.memoryUsage.rss()),
    );
    registry.gauge('process_start_time_seconds', 'When the hub was started, epoch seconds.', (say) =>
      say(Math.round(performance.timeOrigin) / 1000),
    );
    registry.gauge('process_open_fds', 'Open files and sockets of the hub.', async (say) =>
      // Linux says so; elsewhere it is not known.
      say(
        await readdir('/proc/self/fd').then(
          ({ length }) => length,
          () => NaN,
        ),
      ),
    );
    registry.gauge('nodejs_heap_used_bytes', 'Memory of JavaScript objects.', (say) =>
      say(process.memoryUsage().heapUsed),
    );
    registry.gauge('nodejs_external_memory_bytes', 'Memory of buffers.', (say) =>
      say(process.memoryUsage().external),
    );
  }

  onModuleDestroy(): void {
    this.delay.disable();
  }

  /** The median, the 99th percentile and the longest; one reading for all that is asked for at once. */
  private readDelays(): Promise<readonly number[]> {
    this.summary ??= Promise.resolve().then(() => {
      this.summary = undefined;
      // Each value is the whole time between two looks.
      const delays = [50, 99, 100].map((percent) =>
        Math.max(0, this.delay.percentile(percent) / 1e9 - RESOLUTION_MS / 1000),
      );
      this.delay.reset();
      return delays;
    });
    return this.summary;
  }
}
