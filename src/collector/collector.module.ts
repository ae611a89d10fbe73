import { Module } from '@nestjs/common';
import { IngestionModule } from '../ingestion/ingestion.module.js';
import { MonitorsModule } from '../monitors/monitors.module.js';
import { CollectorService } from './collector.service.js';

@Module({ imports: [IngestionModule, MonitorsModule], providers: [CollectorService] })
export class CollectorModule {}
