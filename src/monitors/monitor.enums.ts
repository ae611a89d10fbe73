import { registerEnumType } from '@nestjs/graphql';
import type { MetricKind } from '../core/model/metric-catalog.js';
import type { MonitorKind, MonitorState } from './monitor.entity.js';
import type { MonitorHealth } from './monitor-health.js';

/** GraphQL spells enums in capitals; inside, and over REST, they are small words. */
export const MonitorKindEnum: Record<string, MonitorKind> = { LOCAL: 'local', AGENT: 'agent' };
export const MonitorStateEnum: Record<string, MonitorState> = { RUNNING: 'running', STOPPED: 'stopped' };
export const MonitorHealthEnum: Record<string, MonitorHealth> = {
  UP: 'up',
  LATE: 'late',
  DOWN: 'down',
  OFF: 'off',
  PENDING: 'pending',
  PAUSED: 'paused',
};
export const MetricKindEnum: Record<string, MetricKind> = { GAUGE: 'gauge', COUNTER: 'counter' };

registerEnumType(MonitorKindEnum, { name: 'MonitorKind' });
registerEnumType(MonitorStateEnum, { name: 'MonitorState' });
registerEnumType(MonitorHealthEnum, { name: 'MonitorHealth' });
registerEnumType(MetricKindEnum, { name: 'MetricKind' });
