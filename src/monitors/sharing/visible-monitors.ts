import type { SelectQueryBuilder } from 'typeorm';
import { mayOnMonitor } from '../../auth/rights.js';
import type { Monitor } from '../monitor.entity.js';
import { MonitorShare } from './monitor-share.entity.js';
import type { Asker } from './monitor-access.js';

/** Keeps of a query of monitors, called `monitor` there, those that the user may see: the policy in SQL, for lists. */
export function whereVisible(query: SelectQueryBuilder<Monitor>, user: Asker): SelectQueryBuilder<Monitor> {
  if (mayOnMonitor(user.role, 'view', 'none')) return query;
  const share = query
    .subQuery()
    .select('1')
    .from(MonitorShare, 'share')
    .where('(share.userId = :visibleTo or share.userId is null)')
    .andWhere(
      `(share.monitorId = monitor.id or (share.tag = any(monitor.tags)
         and (share.ownerId is null or share.ownerId = monitor.ownerId)))`,
    )
    .getQuery();
  return query.andWhere(`(monitor.ownerId = :visibleTo or exists ${share})`, { visibleTo: user.userId });
}
