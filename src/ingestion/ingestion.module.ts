import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { MonitorsModule } from '../monitors/monitors.module.js';
import { StorageModule } from '../storage/storage.module.js';
import { IngestionController } from './ingestion.controller.js';
import { IngestionService } from './ingestion.service.js';

@Module({
  imports: [AuthModule, MonitorsModule, StorageModule],
  controllers: [IngestionController],
  providers: [IngestionService],
  exports: [IngestionService],
})
export class IngestionModule {}
