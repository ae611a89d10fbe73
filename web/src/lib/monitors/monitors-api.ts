import { mutate, query } from '../graphql/client.ts';
import {
  ClearIdentityConflictDocument,
  CreateMonitorDocument,
  DeleteMonitorDocument,
  MonitorDocument,
  MonitorEndpointDocument,
  MonitorForwardingDocument,
  MonitorSeriesDocument,
  MonitorsDocument,
  MonitorTopProcessesDocument,
  RetentionEstimateDocument,
  RetryForwardingDocument,
  StartMonitorDocument,
  StopMonitorDocument,
  TestForwardingDocument,
  UpdateMonitorDocument,
  type CreateMonitorInput,
  type MonitorEndpointQuery,
  type MonitorQuery,
  type MonitorSeriesQuery,
  type MonitorsQuery,
  type MonitorSummaryFragment,
  type MonitorTopProcessesQuery,
  type RetentionInput,
  type UpdateMonitorInput,
} from '../graphql/generated/graphql.ts';
import { refuse } from '../graphql/hub-error.ts';

export type MonitorSummary = MonitorSummaryFragment;
export type ListedMonitor = MonitorsQuery['monitors'][number];
export type DetailedMonitor = NonNullable<MonitorQuery['monitor']>;

export const fetchMonitors = async () => (await query(MonitorsDocument, {})).monitors;

export const fetchMonitor = async (id: string) => (await query(MonitorDocument, { id })).monitor;

export type MonitorSeries = NonNullable<MonitorSeriesQuery['monitor']>;

/** The series that a monitor has or has had since `from`, and its newest values. */
export const fetchMonitorSeries = async (id: string, from: string) =>
  (await query(MonitorSeriesDocument, { id, from })).monitor;

export type TopProcesses = NonNullable<NonNullable<MonitorTopProcessesQuery['monitor']>['topProcesses']>;

export const fetchTopProcesses = async (id: string) =>
  (await query(MonitorTopProcessesDocument, { id })).monitor?.topProcesses;

export const fetchForwarding = async (id: string) =>
  (await query(MonitorForwardingDocument, { id })).monitor?.forwarding ?? null;

export type Endpoint = NonNullable<MonitorEndpointQuery['monitor']>;

export const fetchEndpoint = async (id: string) =>
  (await query(MonitorEndpointDocument, { id })).monitor ?? undefined;

export async function retryForwarding(id: string) {
  refuse((await mutate(RetryForwardingDocument, { id })).retryForwarding.userErrors);
}

/** Asks a monitor's endpoint whether it would take reports; `message` is for the user. */
export async function testForwarding(id: string) {
  const { testForwarding: payload } = await mutate(TestForwardingDocument, { id });
  refuse(payload.userErrors);
  return payload.test!;
}

export const fetchRetentionEstimate = async (id: string, retention?: RetentionInput) =>
  (await query(RetentionEstimateDocument, { id, retention })).retentionEstimate;

export async function createMonitor(input: CreateMonitorInput) {
  const { createMonitor: payload } = await mutate(CreateMonitorDocument, { input });
  refuse(payload.userErrors);
  return { monitor: payload.monitor!, apiKey: payload.apiKey };
}

export async function updateMonitor(id: string, input: UpdateMonitorInput) {
  const { updateMonitor: payload } = await mutate(UpdateMonitorDocument, { id, input });
  refuse(payload.userErrors);
  return payload.monitor!;
}

export async function deleteMonitor(id: string) {
  refuse((await mutate(DeleteMonitorDocument, { id })).deleteMonitor.userErrors);
}

export async function startMonitor(id: string) {
  const { startMonitor: payload } = await mutate(StartMonitorDocument, { id });
  refuse(payload.userErrors);
  return payload.monitor!;
}

export async function stopMonitor(id: string) {
  const { stopMonitor: payload } = await mutate(StopMonitorDocument, { id });
  refuse(payload.userErrors);
  return payload.monitor!;
}

export async function clearIdentityConflict(id: string) {
  refuse((await mutate(ClearIdentityConflictDocument, { id })).clearIdentityConflict.userErrors);
}
