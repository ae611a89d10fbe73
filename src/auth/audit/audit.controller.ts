import { Readable } from 'node:stream';
import { Controller, Get, Query, Res, StreamableFile } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CurrentUser } from '../../common/current-user.decorator.js';
import type { UserPrincipal } from '../../common/principal.js';
import { renderAuditLine } from '../../audit/audit-line.js';
import { AuditLog } from '../../audit/audit-log.js';
import { assertMayOnHub } from '../assert-right.js';
import { type AuditFilter, AuditReader } from '../../audit/audit-reader.js';
import { AuditExportQuery } from './audit.input.js';

@ApiTags('audit')
@Controller('api/audit')
export class AuditController {
  constructor(
    private readonly reader: AuditReader,
    private readonly audit: AuditLog,
  ) {}

  @Get()
  @ApiOperation({ summary: 'The audit log as JSON lines, newest first; for admins.' })
  @ApiOkResponse({ content: { 'application/x-ndjson': { schema: { type: 'string' } } } })
  async export(
    @CurrentUser() user: UserPrincipal,
    @Query() query: AuditExportQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StreamableFile> {
    assertMayOnHub(user, 'readAudit', 'Only admins may read the audit log.');
    await this.audit.record(
      { action: 'auditLog.exported', targetType: 'auditLog', targetId: null, after: query },
      user,
    );
    const filter: AuditFilter = {
      ...query,
      from: query.from === undefined ? null : new Date(query.from),
      to: query.to === undefined ? null : new Date(query.to),
    };
    void reply.header('x-content-type-options', 'nosniff');
    return new StreamableFile(Readable.from(this.renderLines(filter), { objectMode: false }), {
      type: 'application/x-ndjson',
      disposition: `attachment; filename="audit-${new Date().toISOString().slice(0, 10)}.jsonl"`,
    });
  }

  private async *renderLines(filter: AuditFilter): AsyncGenerator<string> {
    for await (const entry of this.reader.readAll(filter)) yield renderAuditLine(entry);
  }
}
