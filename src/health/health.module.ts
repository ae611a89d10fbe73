import { Module } from '@nestjs/common';
import { StorageModule } from '../storage/storage.module.js';
import { HealthController } from './health.controller.js';
import { HubStatusResolver } from './hub-status.resolver.js';
import { Readiness } from './readiness.js';

@Module({
  imports: [StorageModule],
  controllers: [HealthController],
  providers: [Readiness, HubStatusResolver],
})
export class HealthModule {}
