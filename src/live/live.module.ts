import { Module } from '@nestjs/common';
import { MonitorsModule } from '../monitors/monitors.module.js';
import { StorageModule } from '../storage/storage.module.js';
import { LiveReports } from './live-reports.js';
import { LiveResolver } from './live.resolver.js';

@Module({
  imports: [MonitorsModule, StorageModule],
  providers: [LiveReports, LiveResolver],
  exports: [LiveReports],
})
export class LiveModule {}
