import { Args, Int, Query, Resolver } from '@nestjs/graphql';
import { CurrentUser } from '../../common/current-user.decorator.js';
import type { UserPrincipal } from '../../common/principal.js';
import { DomainError } from '../../core/errors.js';
import { assertMayOnHub } from '../assert-right.js';
import { AuditReader } from '../../audit/audit-reader.js';
import { AuditFilterInput } from './audit.input.js';
import { AuditPage } from './audit.model.js';

const MAX_PAGE = 200;

@Resolver()
export class AuditResolver {
  constructor(private readonly reader: AuditReader) {}

  @Query(() => AuditPage, { description: 'Who did what, newest first; for admins. At most 200 at once.' })
  async auditLog(
    @CurrentUser() user: UserPrincipal,
    @Args('filter', { type: () => AuditFilterInput, nullable: true }) filter?: AuditFilterInput,
    @Args('first', { type: () => Int, defaultValue: 50 }) first = 50,
    @Args('after', { type: () => String, nullable: true }) after?: string | null,
  ): Promise<AuditPage> {
    assertMayOnHub(user, 'readAudit', 'Only admins may read the audit log.');
    if (first < 1 || first > MAX_PAGE) {
      throw new DomainError('invalid_input', `first must be from 1 to ${MAX_PAGE}.`, 'first');
    }
    const entries = await this.reader.read(filter ?? {}, first + 1, after);
    const page = entries.slice(0, first);
    return { entries: page, endCursor: entries.length > first ? page.at(-1)!.id : null };
  }
}
