import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { MonitorsModule } from '../monitors/monitors.module.js';
import { StorageModule } from '../storage/storage.module.js';
import { IngestionCounts } from './ingestion-counts.js';
import { IngestionController } from './ingestion.controller.js';
import { IngestionService } from './ingestion.service.js';
import { KnownShapes } from './known-shapes.js';
import { OutcomeNotes } from './outcome-notes.js';
import { ReportLane } from './report-lane.js';
import { ReportShaper } from './report-shaper.js';

@Module({
  imports: [AuthModule, MonitorsModule, StorageModule],
  controllers: [IngestionController],
  providers: [IngestionCounts, OutcomeNotes, ReportShaper, KnownShapes, IngestionService, ReportLane],
  exports: [IngestionService, IngestionCounts],
})
export class IngestionModule {}
