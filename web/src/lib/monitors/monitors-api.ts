import { mutate, query } from '../graphql/client.ts';
import {
  CreateApiKeyDocument,
  CreateMonitorDocument,
  DeleteMonitorDocument,
  MonitorApiKeysDocument,
  MonitorDocument,
  MonitorsDocument,
  MonitorTopProcessesDocument,
  RevokeApiKeyDocument,
  StartMonitorDocument,
  StopMonitorDocument,
  UpdateMonitorDocument,
  type CreateMonitorInput,
  type MonitorQuery,
  type MonitorsQuery,
  type MonitorSummaryFragment,
  type MonitorTopProcessesQuery,
  type UpdateMonitorInput,
  type UserErrorFieldsFragment,
} from '../graphql/generated/graphql.ts';
import { collectFieldMessages, HubError } from '../graphql/hub-error.ts';

export type MonitorSummary = MonitorSummaryFragment;
export type ListedMonitor = MonitorsQuery['monitors'][number];
export type DetailedMonitor = NonNullable<MonitorQuery['monitor']>;

/** An expected refusal comes as a value; for a form it is a failure like any other. */
function refuse(userErrors: readonly UserErrorFieldsFragment[]): void {
  const first = userErrors[0];
  if (first)
    throw new HubError(first.message, { code: first.code, fields: collectFieldMessages(userErrors) });
}

export const fetchMonitors = async () => (await query(MonitorsDocument, {})).monitors;

export const fetchMonitor = async (id: string) => (await query(MonitorDocument, { id })).monitor;

export type TopProcesses = NonNullable<NonNullable<MonitorTopProcessesQuery['monitor']>['topProcesses']>;

export const fetchTopProcesses = async (id: string) =>
  (await query(MonitorTopProcessesDocument, { id })).monitor?.topProcesses;

export async function fetchApiKeys(id: string) {
  return (await query(MonitorApiKeysDocument, { id })).monitor?.apiKeys ?? [];
}

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

export async function createApiKey(monitorId: string, name: string | null) {
  const { createApiKey: payload } = await mutate(CreateApiKeyDocument, { monitorId, input: { name } });
  refuse(payload.userErrors);
  return payload.apiKey!;
}

export async function revokeApiKey(id: string) {
  refuse((await mutate(RevokeApiKeyDocument, { id })).revokeApiKey.userErrors);
}
