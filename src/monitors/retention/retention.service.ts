import { Inject, Injectable } from '@nestjs/common';
import type { UserPrincipal } from '../../common/principal.js';
import { HUB_CONFIG, type HubConfig } from '../../config/hub-config.js';
import {
  applyRetention,
  LEAST_RETENTION,
  RETENTION_FIELDS,
  retentionMsOf,
} from '../../core/blocks/retention.js';
import { TIERS } from '../../core/blocks/tiers.js';
import { MonitorRetention } from '../../storage/monitor-retention.js';
import { MonitorsService } from '../monitors.service.js';
import { checkRetention } from './check-retention.js';
import type { RetentionEstimate, RetentionInput } from './retention.model.js';

/** Below this much history its growth cannot be told. */
const LEAST_HISTORY_MS = 3_600_000;

@Injectable()
export class RetentionService {
  constructor(
    private readonly monitors: MonitorsService,
    private readonly sizes: MonitorRetention,
    @Inject(HUB_CONFIG) private readonly config: Pick<HubConfig, 'retention'>,
  ) {}

  /**
   * What a retention of this monitor takes and would take.
   * @param wished null: the one that it has
   * @throws DomainError `not_found`, `invalid_input`
   */
  async estimate(
    principal: UserPrincipal,
    monitorId: string,
    wished: RetentionInput | null,
  ): Promise<RetentionEstimate> {
    const hub = this.config.retention;
    const monitor = await this.monitors.get(principal, monitorId);
    const retention = applyRetention(wished ? checkRetention(wished, hub) : monitor.retention, hub);
    const sizes = await this.sizes.measure(monitorId);
    const tiers = TIERS.map(({ tier, bucketMs }) => {
      const size = sizes.find((candidate) => candidate.tier === tier);
      const spanMs = size ? size.untilAt - size.fromAt : 0;
      return {
        resolutionSeconds: bucketMs / 1000,
        days: retention[RETENTION_FIELDS[tier]!],
        bytes: size?.bytes ?? 0,
        expectedBytes:
          size && spanMs >= LEAST_HISTORY_MS
            ? Math.round((size.bytes / spanMs) * retentionMsOf(retention, tier))
            : null,
      };
    });
    return { tiers, least: LEAST_RETENTION, most: hub };
  }
}
