import { type DynamicModule, Module } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { AuditModule } from './audit/audit.module.js';
import { AuthModule } from './auth/auth.module.js';
import { CollectorModule } from './collector/collector.module.js';
import { OpenApiModule } from './common/http/openapi.module.js';
import { ConfigModule } from './config/config.module.js';
import type { HubConfig } from './config/hub-config.js';
import { DatabaseModule } from './database/database.module.js';
import type { OpenDatabase } from './database/open-database.js';
import { EnrolmentModule } from './enrolment/enrolment.module.js';
import { EventsModule } from './events/events.module.js';
import { GraphqlModule } from './graphql/graphql.module.js';
import { HealthModule } from './health/health.module.js';
import { HubMetricsModule } from './hub-metrics/hub-metrics.module.js';
import { IngestionModule } from './ingestion/ingestion.module.js';
import { LiveModule } from './live/live.module.js';
import { MonitorsModule } from './monitors/monitors.module.js';
import { ForwardingModule } from './forwarding/forwarding.module.js';
import { PageModule } from './page/page.module.js';
import { SeriesModule } from './series/series.module.js';

/** The list of modules, nothing else. */
@Module({})
export class AppModule {
  static forRoot(
    config: HubConfig,
    database: Pick<OpenDatabase, 'connection' | 'clusterDir' | 'readRestarts'>,
  ): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.forRoot(config),
        DatabaseModule.forRoot(database),
        ScheduleModule.forRoot(),
        EventsModule,
        AuditModule,
        AuthModule,
        MonitorsModule,
        EnrolmentModule,
        IngestionModule,
        ForwardingModule,
        CollectorModule,
        SeriesModule,
        LiveModule,
        GraphqlModule,
        HealthModule,
        OpenApiModule,
        HubMetricsModule.forRoot(config),
        PageModule.forRoot(),
      ],
    };
  }
}
