import { Module } from '@nestjs/common';
import { ActiveSeries } from './active-series.js';
import { BlockContent } from './block-content.js';
import { BlockTable } from './block-table.js';
import { GroupCommit } from './group-commit.js';
import { HistoryReader } from './history-reader.js';
import { HubIdentity } from './hub-identity.js';
import { LatestReports } from './latest-reports.js';
import { LayoutRegistry } from './layout-registry.js';
import { MonitorRetention } from './monitor-retention.js';
import { MaintenanceLock } from './maintenance-lock.js';
import { Outbox } from './outbox.js';
import { Partitions } from './partitions.js';
import { RepeatedReports } from './repeated-reports.js';
import { ReportReader } from './report-reader.js';
import { RetentionClock } from './retention-clock.js';
import { RetentionJob } from './retention.job.js';
import { RollupSealer } from './rollup-sealer.js';
import { SampleEraser } from './sample-eraser.js';
import { SealJob } from './seal.job.js';
import { SealedReports } from './sealed-reports.js';
import { Sealer } from './sealer.js';
import { StorageSpace } from './storage-space.js';
import { UnusedLayouts } from './unused-layouts.js';
import { WriteBarrier } from './write-barrier.js';

@Module({
  providers: [
    LayoutRegistry,
    LatestReports,
    ActiveSeries,
    RepeatedReports,
    Partitions,
    MaintenanceLock,
    StorageSpace,
    BlockTable,
    BlockContent,
    SealedReports,
    HubIdentity,
    Outbox,
    GroupCommit,
    ReportReader,
    HistoryReader,
    RollupSealer,
    Sealer,
    WriteBarrier,
    SealJob,
    RetentionClock,
    RetentionJob,
    MonitorRetention,
    SampleEraser,
    UnusedLayouts,
  ],
  exports: [
    HubIdentity,
    Outbox,
    MonitorRetention,
    BlockTable,
    LayoutRegistry,
    LatestReports,
    ActiveSeries,
    RepeatedReports,
    GroupCommit,
    ReportReader,
    HistoryReader,
    StorageSpace,
  ],
})
export class StorageModule {}
