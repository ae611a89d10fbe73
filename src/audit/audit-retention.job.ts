import { Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { DataSource } from 'typeorm';

const BATCH = 10_000;

/** Deletes entries of the audit log whose day has come; the table itself refuses to lose any other. */
@Injectable()
export class AuditRetentionJob {
  private readonly logger = new Logger('audit');

  constructor(private readonly dataSource: DataSource) {}

  @Interval(3_600_000)
  async run(): Promise<void> {
    try {
      let deleted: number;
      do {
        const [row] = await this.dataSource.query<[{ deleted: number }]>(
          'select delete_expired_audit_entries($1) as deleted',
          [BATCH],
        );
        deleted = row.deleted;
      } while (deleted === BATCH);
    } catch (error) {
      this.logger.warn(
        `old entries were not deleted, trying again: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }
}
