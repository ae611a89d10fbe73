import { Module } from '@nestjs/common';
import { MonitorsModule } from '../monitors/monitors.module.js';
import { StorageModule } from '../storage/storage.module.js';
import { SeriesResolver } from './series.resolver.js';
import { SeriesService } from './series.service.js';

@Module({ imports: [MonitorsModule, StorageModule], providers: [SeriesService, SeriesResolver] })
export class SeriesModule {}
