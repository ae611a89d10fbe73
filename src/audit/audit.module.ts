import { Global, Module } from '@nestjs/common';
import { AuditLog } from './audit-log.js';
import { AuditReader } from './audit-reader.js';
import { AuditRetentionJob } from './audit-retention.job.js';

/** Global: whatever changes something takes `AuditLog` and says so. */
@Global()
@Module({
  providers: [AuditLog, AuditReader, AuditRetentionJob],
  exports: [AuditLog, AuditReader],
})
export class AuditModule {}
