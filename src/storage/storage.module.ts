import { Module } from '@nestjs/common';
import { GroupCommit } from './group-commit.js';
import { LayoutRegistry } from './layout-registry.js';
import { Partitions } from './partitions.js';
import { ReportReader } from './report-reader.js';
import { SampleEraser } from './sample-eraser.js';

@Module({
  providers: [LayoutRegistry, Partitions, GroupCommit, ReportReader, SampleEraser],
  exports: [LayoutRegistry, GroupCommit, ReportReader],
})
export class StorageModule {}
