import { type DynamicModule, Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import type { HubConfig } from '../config/hub-config.js';
import { ForwardingModule } from '../forwarding/forwarding.module.js';
import { GraphqlModule } from '../graphql/graphql.module.js';
import { IngestionModule } from '../ingestion/ingestion.module.js';
import { LiveModule } from '../live/live.module.js';
import { MonitorsModule } from '../monitors/monitors.module.js';
import { StorageModule } from '../storage/storage.module.js';
import { ClockJumps } from './clock-jumps.js';
import { CommitMetrics } from './commit.metrics.js';
import { DatabaseFigures } from './database-figures.js';
import { DatabaseMetrics } from './database.metrics.js';
import { DoorMetrics } from './door.metrics.js';
import { ForwardingMetrics } from './forwarding.metrics.js';
import { HttpTimes } from './http-times.js';
import { MetricsServer } from './metrics-server.js';
import { MetricsController } from './metrics.controller.js';
import { MetricsRegistry } from './metrics-registry.js';
import { MonitorMetrics } from './monitor.metrics.js';
import { ProcessMetrics } from './process.metrics.js';
import { ReportMetrics } from './report.metrics.js';
import { StorageMetrics } from './storage.metrics.js';

/** The hub's own metrics, for Prometheus: docs/metrics.md. Where no door is set for them nothing of this runs. */
@Module({})
export class HubMetricsModule {
  static forRoot({ metrics }: Pick<HubConfig, 'metrics'>): DynamicModule {
    if (!metrics) return { module: HubMetricsModule };
    return {
      module: HubMetricsModule,
      imports: [
        AuthModule,
        ForwardingModule,
        GraphqlModule,
        IngestionModule,
        LiveModule,
        MonitorsModule,
        StorageModule,
      ],
      controllers: metrics.token === undefined ? [] : [MetricsController],
      providers: [
        MetricsRegistry,
        HttpTimes,
        ClockJumps,
        DatabaseFigures,
        ReportMetrics,
        CommitMetrics,
        StorageMetrics,
        DatabaseMetrics,
        DoorMetrics,
        ForwardingMetrics,
        MonitorMetrics,
        ProcessMetrics,
        MetricsServer,
      ],
    };
  }
}
