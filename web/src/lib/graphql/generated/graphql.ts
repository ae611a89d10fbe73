/* eslint-disable */
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
export type AccessTokenScope =
  /** Whatever you may do, but for passwords, sessions, tokens and other users. */
  | 'MANAGE'
  /** Whatever you may see. */
  | 'READ';

export type ApiKeyState =
  | 'ACTIVE'
  | 'EXPIRED'
  | 'REVOKED'
  /** Works until `expiresAt`; the key that takes its place works already. */
  | 'ROTATING';

/** A user, a user’s personal token, a monitor’s key, somebody who was refused, the hub itself. */
export type AuditActorKind =
  | 'HUB'
  | 'KEY'
  | 'STRANGER'
  | 'TOKEN'
  | 'USER';

export type AuditFilter = {
  /** `monitor.created`, or `monitor` for all that was done with monitors. */
  action?: string | null | undefined;
  /** A user’s id, or a part of their e-mail address. */
  actor?: string | null | undefined;
  from?: string | null | undefined;
  targetId?: string | null | undefined;
  targetType?: string | null | undefined;
  /** Exclusive. */
  to?: string | null | undefined;
};

export type BeginTwoFactorInput = {
  currentPassword: string;
};

export type ChangeEmailInput = {
  currentPassword: string;
  email: string;
};

export type ChangePasswordInput = {
  currentPassword: string;
  newPassword: string;
  /** True revokes all your personal access tokens too; else they go on. */
  revokeAccessTokens?: boolean | null | undefined;
};

export type ConfirmTwoFactorInput = {
  /** The six digits that the app shows. */
  code: string;
};

export type CreateAccessTokenInput = {
  /** A year ahead at most; in 90 days when it is left out; null = never. */
  expiresAt?: string | null | undefined;
  /** What it is for. */
  name: string;
  scope: AccessTokenScope;
};

export type CreateApiKeyInput = {
  /** IP addresses and CIDRs from which alone the key works; null = from everywhere. */
  allowedAddresses?: Array<string> | null | undefined;
  /** From then on the key is refused; null = never. */
  expiresAt?: string | null | undefined;
  name?: string | null | undefined;
};

export type CreateEnrolmentKeyInput = {
  /** A year ahead at most; in 7 days when it is left out. */
  expiresAt?: string | null | undefined;
  /** What it is for. */
  name: string;
  /** How many monitors it may make; null = any number. */
  quota?: number | null | undefined;
  /** Of each monitor that it makes. */
  tags?: Array<string> | null | undefined;
};

export type CreateMonitorInput = {
  description?: string | null | undefined;
  /** Sent along as X-API-Key. It can be set and cleared, never read. */
  endpointApiKey?: string | null | undefined;
  /** Every report is sent on to this address, http or https: another hub’s /api/monitoring/data, or whatever takes JSON. A new scheme, host or port clears the key unless it is sent again. */
  endpointUrl?: string | null | undefined;
  /** Seconds between two reports, 1–3600; 10 by default. */
  intervalSeconds?: number | null | undefined;
  /** AGENT by default. */
  kind?: MonitorKind | null | undefined;
  name: string;
  /** What to watch, of cpu, memory, storage, network, disk, inodes, temperature, processes, connections, pressure, uptime, cgroup; all by default. */
  resources?: Array<string> | null | undefined;
  /** For how long samples are kept, within what the hub keeps; null = that. */
  retention?: RetentionInput | null | undefined;
  tags?: Array<string> | null | undefined;
  /** Alert thresholds by metric. Not available yet. */
  thresholds?: Record<string, unknown> | null | undefined;
};

export type DisconnectProviderInput = {
  /** Empty for who has none, and has just signed in. */
  currentPassword: string;
};

export type ForwardingState =
  | 'IDLE'
  | 'REFUSED'
  | 'RETRYING'
  | 'SENDING';

/** What a role may do on the hub. */
export type HubRight =
  | 'CREATE_MONITOR'
  | 'MANAGE_CHANNELS'
  | 'MANAGE_HUB'
  | 'MANAGE_USERS'
  | 'READ_AUDIT'
  | 'SEE_PEOPLE'
  | 'WATCH_HUB';

export type InviteUserInput = {
  email: string;
  role: UserRole;
};

export type MetricKind =
  | 'COUNTER'
  | 'GAUGE';

export type MonitorHealth =
  | 'DOWN'
  | 'LATE'
  | 'OFF'
  | 'PAUSED'
  | 'PENDING'
  | 'UP';

export type MonitorKind =
  | 'AGENT'
  | 'LOCAL';

/** What you may do with a monitor. */
export type MonitorRight =
  | 'CHANGE'
  | 'DELETE'
  | 'MANAGE_KEYS'
  | 'MANAGE_RULES'
  | 'SEE_ENDPOINT'
  | 'SHARE'
  | 'VIEW';

export type MonitorState =
  | 'RUNNING'
  | 'STOPPED';

/** A session that was left open is not enough for this. */
export type ProveTwoFactorInput = {
  /** Of the app, or a recovery code. */
  code: string;
  currentPassword: string;
};

/** Absent or null = as long as the hub keeps samples at all. */
export type RetentionInput = {
  /** Days for which a point each quarter of an hour is kept. */
  fifteenMinuteDays?: number | null | undefined;
  /** Days for which a point each four hours is kept. */
  fourHourDays?: number | null | undefined;
  /** Days for which a point a minute is kept. */
  oneMinuteDays?: number | null | undefined;
  /** Days for which every report is kept as it came. */
  rawDays?: number | null | undefined;
};

export type RotateApiKeyInput = {
  /** For how long the old key works beside the new one, 0–168 hours. */
  overlapHours?: number;
};

export type ShareAccess =
  | 'EDIT'
  | 'VIEW';

/** Either `userId` or `everyone: true`. */
export type ShareInput = {
  access: ShareAccess;
  /** Everybody who can sign in. */
  everyone?: boolean | null | undefined;
  userId?: string | number | null | undefined;
};

/** Absent = keep, null = clear. */
export type UpdateApiKeyInput = {
  /** IP addresses and CIDRs from which alone the key works; null = from everywhere. */
  allowedAddresses?: Array<string> | null | undefined;
  /** From then on the key is refused; null = never. */
  expiresAt?: string | null | undefined;
  name?: string | null | undefined;
};

/** Absent = keep, null = clear. */
export type UpdateMonitorInput = {
  description?: string | null | undefined;
  /** Sent along as X-API-Key. It can be set and cleared, never read. */
  endpointApiKey?: string | null | undefined;
  /** Every report is sent on to this address, http or https: another hub’s /api/monitoring/data, or whatever takes JSON. A new scheme, host or port clears the key unless it is sent again. */
  endpointUrl?: string | null | undefined;
  /** Seconds between two reports, 1–3600; 10 by default. */
  intervalSeconds?: number | null | undefined;
  name?: string | null | undefined;
  /** What to watch, of cpu, memory, storage, network, disk, inodes, temperature, processes, connections, pressure, uptime, cgroup; all by default. */
  resources?: Array<string> | null | undefined;
  /** For how long samples are kept, within what the hub keeps; null = that. */
  retention?: RetentionInput | null | undefined;
  tags?: Array<string> | null | undefined;
  /** Alert thresholds by metric. Not available yet. */
  thresholds?: Record<string, unknown> | null | undefined;
  /** The version that this change builds on; refused with version_conflict when someone was faster. */
  version?: number | null | undefined;
};

export type UpdateProfileInput = {
  /** Null: called by the address. */
  name?: string | null | undefined;
};

/** Absent = keep; a name of null = called by the address. */
export type UpdateUserInput = {
  name?: string | null | undefined;
  /** A new role ends the sessions of the user. */
  role?: UserRole | null | undefined;
};

export type UserRole =
  | 'ADMIN'
  | 'EDITOR'
  | 'VIEWER';

export type UpdateProfileMutationVariables = Exact<{
  input: UpdateProfileInput;
}>;


export type UpdateProfileMutation = { updateProfile: { userErrors: Array<{ code: string, message: string, path: string | null }> } };

export type ChangeEmailMutationVariables = Exact<{
  input: ChangeEmailInput;
}>;


export type ChangeEmailMutation = { changeEmail: { userErrors: Array<{ code: string, message: string, path: string | null }> } };

export type ChangePasswordMutationVariables = Exact<{
  input: ChangePasswordInput;
}>;


export type ChangePasswordMutation = { changePassword: { userErrors: Array<{ code: string, message: string, path: string | null }> } };

export type SessionsQueryVariables = Exact<{ [key: string]: never; }>;


export type SessionsQuery = { sessions: Array<{ id: string, device: string | null, address: string | null, createdAt: string, lastUsedAt: string, isByProvider: boolean, isCurrent: boolean }> };

export type EndSessionMutationVariables = Exact<{
  id: string | number;
}>;


export type EndSessionMutation = { endSession: { userErrors: Array<{ code: string, message: string, path: string | null }> } };

export type EndOtherSessionsMutationVariables = Exact<{ [key: string]: never; }>;


export type EndOtherSessionsMutation = { endOtherSessions: { count: number | null, userErrors: Array<{ code: string, message: string, path: string | null }> } };

export type DisconnectProviderMutationVariables = Exact<{
  id: string | number;
  input: DisconnectProviderInput;
}>;


export type DisconnectProviderMutation = { disconnectProvider: { userErrors: Array<{ code: string, message: string, path: string | null }> } };

export type AuditEntryFieldsFragment = { id: string, at: string, since: string | null, count: number, action: string, actorKind: AuditActorKind, actorEmail: string | null, credentialId: string | null, targetType: string, targetName: string | null, targetId: string | null, before: Record<string, unknown> | null, after: Record<string, unknown> | null, address: string | null, requestId: string | null };

export type AuditLogQueryVariables = Exact<{
  filter?: AuditFilter | null | undefined;
  first?: number | null | undefined;
  after?: string | null | undefined;
}>;


export type AuditLogQuery = { auditLog: { endCursor: string | null, entries: Array<{ id: string, at: string, since: string | null, count: number, action: string, actorKind: AuditActorKind, actorEmail: string | null, credentialId: string | null, targetType: string, targetName: string | null, targetId: string | null, before: Record<string, unknown> | null, after: Record<string, unknown> | null, address: string | null, requestId: string | null }> } };

export type ViewerQueryVariables = Exact<{ [key: string]: never; }>;


export type ViewerQuery = { viewer: { id: string, email: string, name: string | null, role: UserRole, rights: Array<HubRight> } | null };

export type SessionWatchSubscriptionVariables = Exact<{ [key: string]: never; }>;


export type SessionWatchSubscription = { monitorStatusChanged: { id: string } };

export type AgentInstallerQueryVariables = Exact<{ [key: string]: never; }>;


export type AgentInstallerQuery = { agentInstaller: { url: string | null, pin: string | null } };

export type CreateEnrolmentTokenMutationVariables = Exact<{
  monitorId: string | number;
}>;


export type CreateEnrolmentTokenMutation = { createEnrolmentToken: { token: string | null, expiresAt: string | null, userErrors: Array<{ code: string, message: string, path: string | null }> } };

export type EnrolmentKeyFieldsFragment = { id: string, name: string, prefix: string, tags: Array<string>, quota: number | null, useCount: number, isExpired: boolean, createdBy: string, createdAt: string, expiresAt: string, lastUsedAt: string | null, lastUsedAddress: string | null };

export type EnrolmentKeysQueryVariables = Exact<{ [key: string]: never; }>;


export type EnrolmentKeysQuery = { enrolmentKeys: Array<{ id: string, name: string, prefix: string, tags: Array<string>, quota: number | null, useCount: number, isExpired: boolean, createdBy: string, createdAt: string, expiresAt: string, lastUsedAt: string | null, lastUsedAddress: string | null }> };

export type CreateEnrolmentKeyMutationVariables = Exact<{
  input: CreateEnrolmentKeyInput;
}>;


export type CreateEnrolmentKeyMutation = { createEnrolmentKey: { token: string | null, userErrors: Array<{ code: string, message: string, path: string | null }> } };

export type RevokeEnrolmentKeyMutationVariables = Exact<{
  id: string | number;
}>;


export type RevokeEnrolmentKeyMutation = { revokeEnrolmentKey: { userErrors: Array<{ code: string, message: string, path: string | null }> } };

export type HubStatusQueryVariables = Exact<{ [key: string]: never; }>;


export type HubStatusQuery = { hubStatus: { storage: { isFull: boolean, freeBytes: number | null, floorBytes: number | null } } };

export type ApiKeyFieldsFragment = { id: string, name: string | null, prefix: string, state: ApiKeyState, createdAt: string, lastUsedAt: string | null, lastUsedAddress: string | null, expiresAt: string | null, allowedAddresses: Array<string> | null };

export type MonitorApiKeysQueryVariables = Exact<{
  id: string | number;
}>;


export type MonitorApiKeysQuery = { monitor: { id: string, apiKeys: Array<{ id: string, name: string | null, prefix: string, state: ApiKeyState, createdAt: string, lastUsedAt: string | null, lastUsedAddress: string | null, expiresAt: string | null, allowedAddresses: Array<string> | null }> } | null };

export type CreateApiKeyMutationVariables = Exact<{
  monitorId: string | number;
  input?: CreateApiKeyInput | null | undefined;
}>;


export type CreateApiKeyMutation = { createApiKey: { apiKey: string | null, userErrors: Array<{ code: string, message: string, path: string | null }> } };

export type UpdateApiKeyMutationVariables = Exact<{
  id: string | number;
  input: UpdateApiKeyInput;
}>;


export type UpdateApiKeyMutation = { updateApiKey: { key: { id: string, name: string | null, prefix: string, state: ApiKeyState, createdAt: string, lastUsedAt: string | null, lastUsedAddress: string | null, expiresAt: string | null, allowedAddresses: Array<string> | null } | null, userErrors: Array<{ code: string, message: string, path: string | null }> } };

export type RotateApiKeyMutationVariables = Exact<{
  id: string | number;
  input?: RotateApiKeyInput | null | undefined;
}>;


export type RotateApiKeyMutation = { rotateApiKey: { apiKey: string | null, userErrors: Array<{ code: string, message: string, path: string | null }> } };

export type RevokeApiKeyMutationVariables = Exact<{
  id: string | number;
}>;


export type RevokeApiKeyMutation = { revokeApiKey: { userErrors: Array<{ code: string, message: string, path: string | null }> } };

export type MonitorSummaryFragment = { id: string, version: number, name: string, description: string | null, tags: Array<string>, kind: MonitorKind, intervalSeconds: number, resources: Array<string>, state: MonitorState, health: MonitorHealth, createdAt: string, lastReportAt: string | null, lastReceivedAt: string | null, lastGoodbyeAt: string | null, lastError: string | null, rights: Array<MonitorRight>, owner: { id: string, name: string } | null };

export type MonitorHostFragment = { hostname: string | null, os: string | null, kernel: string | null, arch: string | null, cpuModel: string | null, cores: number | null, agentVersion: string | null };

export type MonitorLossesFieldsFragment = { droppedValues: number, droppedValuesAt: string | null, conflicts: number, conflictsAt: string | null };

export type AgentStateFieldsFragment = { clockOffsetMs: number | null, isClockCorrected: boolean | null, droppedReports: number | null, droppedReportsAt: string | null, spoolProblem: string | null };

export type ForwardingFieldsFragment = { state: ForwardingState, queued: number, lagSeconds: number, lastSentAt: string | null, dropped: number, lastError: { message: string, at: string } | null };

export type IdentityConflictFieldsFragment = { since: string, boots: Array<{ bootId: string, address: string | null }> };

export type MonitorLatestFragment = { at: string, receivedAt: string, metrics: Array<string>, values: (number | null)[] };

export type UserErrorFieldsFragment = { code: string, message: string, path: string | null };

export type MonitorsQueryVariables = Exact<{ [key: string]: never; }>;


export type MonitorsQuery = { monitors: Array<{ id: string, version: number, name: string, description: string | null, tags: Array<string>, kind: MonitorKind, intervalSeconds: number, resources: Array<string>, state: MonitorState, health: MonitorHealth, createdAt: string, lastReportAt: string | null, lastReceivedAt: string | null, lastGoodbyeAt: string | null, lastError: string | null, rights: Array<MonitorRight>, latest: { at: string, receivedAt: string, metrics: Array<string>, values: (number | null)[] } | null, owner: { id: string, name: string } | null }> };

export type MonitorQueryVariables = Exact<{
  id: string | number;
}>;


export type MonitorQuery = { monitor: { id: string, version: number, name: string, description: string | null, tags: Array<string>, kind: MonitorKind, intervalSeconds: number, resources: Array<string>, state: MonitorState, health: MonitorHealth, createdAt: string, lastReportAt: string | null, lastReceivedAt: string | null, lastGoodbyeAt: string | null, lastError: string | null, rights: Array<MonitorRight>, host: { hostname: string | null, os: string | null, kernel: string | null, arch: string | null, cpuModel: string | null, cores: number | null, agentVersion: string | null } | null, losses: { droppedValues: number, droppedValuesAt: string | null, conflicts: number, conflictsAt: string | null }, identityConflict: { since: string, boots: Array<{ bootId: string, address: string | null }> } | null, agent: { clockOffsetMs: number | null, isClockCorrected: boolean | null, droppedReports: number | null, droppedReportsAt: string | null, spoolProblem: string | null } | null, forwarding: { state: ForwardingState, queued: number, lagSeconds: number, lastSentAt: string | null, dropped: number, lastError: { message: string, at: string } | null } | null, latest: { at: string, receivedAt: string, metrics: Array<string>, values: (number | null)[] } | null, owner: { id: string, name: string } | null } | null };

export type MonitorSeriesQueryVariables = Exact<{
  id: string | number;
  from?: string | null | undefined;
}>;


export type MonitorSeriesQuery = { monitor: { id: string, metrics: Array<{ key: string, name: string, labels: Record<string, unknown>, unit: string | null, kind: MetricKind, isCustom: boolean }>, latest: { at: string, receivedAt: string, metrics: Array<string>, values: (number | null)[] } | null } | null };

export type MonitorForwardingQueryVariables = Exact<{
  id: string | number;
}>;


export type MonitorForwardingQuery = { monitor: { id: string, forwarding: { state: ForwardingState, queued: number, lagSeconds: number, lastSentAt: string | null, dropped: number, lastError: { message: string, at: string } | null } | null } | null };

export type MonitorEndpointQueryVariables = Exact<{
  id: string | number;
}>;


export type MonitorEndpointQuery = { monitor: { id: string, endpointUrl: string | null, hasEndpointApiKey: boolean } | null };

export type RetryForwardingMutationVariables = Exact<{
  id: string | number;
}>;


export type RetryForwardingMutation = { retryForwarding: { userErrors: Array<{ code: string, message: string, path: string | null }> } };

export type TestForwardingMutationVariables = Exact<{
  id: string | number;
}>;


export type TestForwardingMutation = { testForwarding: { test: { isWell: boolean, message: string } | null, userErrors: Array<{ code: string, message: string, path: string | null }> } };

export type MonitorTopProcessesQueryVariables = Exact<{
  id: string | number;
}>;


export type MonitorTopProcessesQuery = { monitor: { id: string, topProcesses: { at: string, processes: Array<{ name: string, count: number, cpuPercent: number | null, memoryBytes: number | null }> } | null } | null };

export type CreateMonitorMutationVariables = Exact<{
  input: CreateMonitorInput;
}>;


export type CreateMonitorMutation = { createMonitor: { apiKey: string | null, monitor: { id: string, version: number, name: string, description: string | null, tags: Array<string>, kind: MonitorKind, intervalSeconds: number, resources: Array<string>, state: MonitorState, health: MonitorHealth, createdAt: string, lastReportAt: string | null, lastReceivedAt: string | null, lastGoodbyeAt: string | null, lastError: string | null, rights: Array<MonitorRight>, owner: { id: string, name: string } | null } | null, userErrors: Array<{ code: string, message: string, path: string | null }> } };

export type UpdateMonitorMutationVariables = Exact<{
  id: string | number;
  input: UpdateMonitorInput;
}>;


export type UpdateMonitorMutation = { updateMonitor: { monitor: { id: string, version: number, name: string, description: string | null, tags: Array<string>, kind: MonitorKind, intervalSeconds: number, resources: Array<string>, state: MonitorState, health: MonitorHealth, createdAt: string, lastReportAt: string | null, lastReceivedAt: string | null, lastGoodbyeAt: string | null, lastError: string | null, rights: Array<MonitorRight>, owner: { id: string, name: string } | null } | null, userErrors: Array<{ code: string, message: string, path: string | null }> } };

export type DeleteMonitorMutationVariables = Exact<{
  id: string | number;
}>;


export type DeleteMonitorMutation = { deleteMonitor: { deletedId: string | null, userErrors: Array<{ code: string, message: string, path: string | null }> } };

export type StartMonitorMutationVariables = Exact<{
  id: string | number;
}>;


export type StartMonitorMutation = { startMonitor: { monitor: { id: string, version: number, name: string, description: string | null, tags: Array<string>, kind: MonitorKind, intervalSeconds: number, resources: Array<string>, state: MonitorState, health: MonitorHealth, createdAt: string, lastReportAt: string | null, lastReceivedAt: string | null, lastGoodbyeAt: string | null, lastError: string | null, rights: Array<MonitorRight>, owner: { id: string, name: string } | null } | null, userErrors: Array<{ code: string, message: string, path: string | null }> } };

export type StopMonitorMutationVariables = Exact<{
  id: string | number;
}>;


export type StopMonitorMutation = { stopMonitor: { monitor: { id: string, version: number, name: string, description: string | null, tags: Array<string>, kind: MonitorKind, intervalSeconds: number, resources: Array<string>, state: MonitorState, health: MonitorHealth, createdAt: string, lastReportAt: string | null, lastReceivedAt: string | null, lastGoodbyeAt: string | null, lastError: string | null, rights: Array<MonitorRight>, owner: { id: string, name: string } | null } | null, userErrors: Array<{ code: string, message: string, path: string | null }> } };

export type ClearIdentityConflictMutationVariables = Exact<{
  id: string | number;
}>;


export type ClearIdentityConflictMutation = { clearIdentityConflict: { userErrors: Array<{ code: string, message: string, path: string | null }> } };

export type MonitorStatusChangedSubscriptionVariables = Exact<{ [key: string]: never; }>;


export type MonitorStatusChangedSubscription = { monitorStatusChanged: { id: string, version: number, name: string, description: string | null, tags: Array<string>, kind: MonitorKind, intervalSeconds: number, resources: Array<string>, state: MonitorState, health: MonitorHealth, createdAt: string, lastReportAt: string | null, lastReceivedAt: string | null, lastGoodbyeAt: string | null, lastError: string | null, rights: Array<MonitorRight>, losses: { droppedValues: number, droppedValuesAt: string | null, conflicts: number, conflictsAt: string | null }, identityConflict: { since: string, boots: Array<{ bootId: string, address: string | null }> } | null, agent: { clockOffsetMs: number | null, isClockCorrected: boolean | null, droppedReports: number | null, droppedReportsAt: string | null, spoolProblem: string | null } | null, forwarding: { state: ForwardingState, queued: number, lagSeconds: number, lastSentAt: string | null, dropped: number, lastError: { message: string, at: string } | null } | null, owner: { id: string, name: string } | null } };

export type RetentionEstimateQueryVariables = Exact<{
  id: string | number;
  retention?: RetentionInput | null | undefined;
}>;


export type RetentionEstimateQuery = { retentionEstimate: { tiers: Array<{ resolutionSeconds: number, days: number, bytes: number, expectedBytes: number | null }>, least: { rawDays: number, oneMinuteDays: number, fifteenMinuteDays: number, fourHourDays: number }, most: { rawDays: number, oneMinuteDays: number, fifteenMinuteDays: number, fourHourDays: number } } };

export type ShareFieldsFragment = { id: string, monitorId: string | null, tag: string | null, ofEveryOwner: boolean, access: ShareAccess, person: { id: string, name: string, email: string } | null };

export type SharingQueryVariables = Exact<{
  id: string | number;
}>;


export type SharingQuery = { monitor: { id: string, tags: Array<string>, owner: { id: string, name: string } | null, shares: Array<{ id: string, monitorId: string | null, tag: string | null, ofEveryOwner: boolean, access: ShareAccess, person: { id: string, name: string, email: string } | null }> } | null, people: Array<{ id: string, name: string, email: string }> };

export type ShareMonitorMutationVariables = Exact<{
  monitorId: string | number;
  input: ShareInput;
}>;


export type ShareMonitorMutation = { shareMonitor: { userErrors: Array<{ code: string, message: string, path: string | null }> } };

export type ShareTagMutationVariables = Exact<{
  tag: string;
  input: ShareInput;
  ofEveryOwner: boolean;
}>;


export type ShareTagMutation = { shareTag: { userErrors: Array<{ code: string, message: string, path: string | null }> } };

export type RemoveShareMutationVariables = Exact<{
  id: string | number;
}>;


export type RemoveShareMutation = { removeShare: { userErrors: Array<{ code: string, message: string, path: string | null }> } };

export type SeriesQueryVariables = Exact<{
  monitorIds: Array<string | number> | string | number;
  metrics: Array<string> | string;
  from: string;
  to: string;
  maxPoints?: number | null | undefined;
}>;


export type SeriesQuery = { series: { timestamps: (number | null)[], resolutionSeconds: number, tier: number, columns: Array<{ monitorId: string, metric: string, labels: Record<string, unknown>, mean: (number | null)[], min: (number | null)[], max: (number | null)[] }> } };

export type ReportsReceivedSubscriptionVariables = Exact<{
  monitorIds: Array<string | number> | string | number;
  metrics?: Array<string> | string | null | undefined;
}>;


export type ReportsReceivedSubscription = { reportsReceived: { reports: Array<{ monitorId: string, at: string, previousAt: string | null, metrics: Array<string>, values: (number | null)[] }> } };

export type SamplesBackfilledSubscriptionVariables = Exact<{
  monitorIds: Array<string | number> | string | number;
}>;


export type SamplesBackfilledSubscription = { samplesBackfilled: { monitorId: string, from: string, to: string } };

export type AccessTokenFieldsFragment = { id: string, name: string, scope: AccessTokenScope, prefix: string, isExpired: boolean, createdAt: string, expiresAt: string | null, lastUsedAt: string | null, lastUsedAddress: string | null };

export type AccessTokensQueryVariables = Exact<{ [key: string]: never; }>;


export type AccessTokensQuery = { accessTokens: Array<{ id: string, name: string, scope: AccessTokenScope, prefix: string, isExpired: boolean, createdAt: string, expiresAt: string | null, lastUsedAt: string | null, lastUsedAddress: string | null }> };

export type CreateAccessTokenMutationVariables = Exact<{
  input: CreateAccessTokenInput;
}>;


export type CreateAccessTokenMutation = { createAccessToken: { token: string | null, userErrors: Array<{ code: string, message: string, path: string | null }> } };

export type RevokeAccessTokenMutationVariables = Exact<{
  id: string | number;
}>;


export type RevokeAccessTokenMutation = { revokeAccessToken: { userErrors: Array<{ code: string, message: string, path: string | null }> } };

export type AccountSecurityQueryVariables = Exact<{ [key: string]: never; }>;


export type AccountSecurityQuery = { accountSecurity: { hasPassword: boolean, hasTwoFactor: boolean, isTwoFactorRequired: boolean, recoveryCodesLeft: number, provider: string | null, connectedProviders: Array<{ id: string, label: string, isCurrent: boolean, email: string | null, createdAt: string, lastUsedAt: string | null }> } };

export type BeginTwoFactorMutationVariables = Exact<{
  input: BeginTwoFactorInput;
}>;


export type BeginTwoFactorMutation = { beginTwoFactor: { secret: string | null, uri: string | null, userErrors: Array<{ code: string, message: string, path: string | null }> } };

export type ConfirmTwoFactorMutationVariables = Exact<{
  input: ConfirmTwoFactorInput;
}>;


export type ConfirmTwoFactorMutation = { confirmTwoFactor: { recoveryCodes: Array<string> | null, userErrors: Array<{ code: string, message: string, path: string | null }> } };

export type DisableTwoFactorMutationVariables = Exact<{
  input: ProveTwoFactorInput;
}>;


export type DisableTwoFactorMutation = { disableTwoFactor: { userErrors: Array<{ code: string, message: string, path: string | null }> } };

export type RenewRecoveryCodesMutationVariables = Exact<{
  input: ProveTwoFactorInput;
}>;


export type RenewRecoveryCodesMutation = { renewRecoveryCodes: { recoveryCodes: Array<string> | null, userErrors: Array<{ code: string, message: string, path: string | null }> } };

export type UserFieldsFragment = { id: string, email: string, name: string | null, role: UserRole, isDisabled: boolean, hasTwoFactor: boolean, signedInAt: string | null, monitorCount: number };

export type InvitationFieldsFragment = { id: string, email: string, role: UserRole, expiresAt: string };

export type UsersQueryVariables = Exact<{ [key: string]: never; }>;


export type UsersQuery = { users: Array<{ id: string, email: string, name: string | null, role: UserRole, isDisabled: boolean, hasTwoFactor: boolean, signedInAt: string | null, monitorCount: number }>, invitations: Array<{ id: string, email: string, role: UserRole, expiresAt: string }> };

export type InviteUserMutationVariables = Exact<{
  input: InviteUserInput;
}>;


export type InviteUserMutation = { inviteUser: { link: string | null, userErrors: Array<{ code: string, message: string, path: string | null }> } };

export type RenewInvitationMutationVariables = Exact<{
  id: string | number;
}>;


export type RenewInvitationMutation = { renewInvitation: { link: string | null, userErrors: Array<{ code: string, message: string, path: string | null }> } };

export type RevokeInvitationMutationVariables = Exact<{
  id: string | number;
}>;


export type RevokeInvitationMutation = { revokeInvitation: { userErrors: Array<{ code: string, message: string, path: string | null }> } };

export type UpdateUserMutationVariables = Exact<{
  id: string | number;
  input: UpdateUserInput;
}>;


export type UpdateUserMutation = { updateUser: { userErrors: Array<{ code: string, message: string, path: string | null }> } };

export type DisableUserMutationVariables = Exact<{
  id: string | number;
}>;


export type DisableUserMutation = { disableUser: { userErrors: Array<{ code: string, message: string, path: string | null }> } };

export type EnableUserMutationVariables = Exact<{
  id: string | number;
}>;


export type EnableUserMutation = { enableUser: { userErrors: Array<{ code: string, message: string, path: string | null }> } };

export type DeleteUserMutationVariables = Exact<{
  id: string | number;
}>;


export type DeleteUserMutation = { deleteUser: { userErrors: Array<{ code: string, message: string, path: string | null }> } };

export type ResetTwoFactorMutationVariables = Exact<{
  id: string | number;
}>;


export type ResetTwoFactorMutation = { resetTwoFactor: { userErrors: Array<{ code: string, message: string, path: string | null }> } };

export class TypedDocumentString<TResult, TVariables>
  extends String
  implements DocumentTypeDecoration<TResult, TVariables>
{
  __apiType?: NonNullable<DocumentTypeDecoration<TResult, TVariables>['__apiType']>;
  private value: string;
  public __meta__?: Record<string, any> | undefined;

  constructor(value: string, __meta__?: Record<string, any> | undefined) {
    super(value);
    this.value = value;
    this.__meta__ = __meta__;
  }

  override toString(): string & DocumentTypeDecoration<TResult, TVariables> {
    return this.value;
  }
}
export const AuditEntryFieldsFragmentDoc = new TypedDocumentString(`
    fragment AuditEntryFields on AuditEntry {
  id
  at
  since
  count
  action
  actorKind
  actorEmail
  credentialId
  targetType
  targetName
  targetId
  before
  after
  address
  requestId
}
    `, {"fragmentName":"AuditEntryFields"}) as unknown as TypedDocumentString<AuditEntryFieldsFragment, unknown>;
export const EnrolmentKeyFieldsFragmentDoc = new TypedDocumentString(`
    fragment EnrolmentKeyFields on EnrolmentKey {
  id
  name
  prefix
  tags
  quota
  useCount
  isExpired
  createdBy
  createdAt
  expiresAt
  lastUsedAt
  lastUsedAddress
}
    `, {"fragmentName":"EnrolmentKeyFields"}) as unknown as TypedDocumentString<EnrolmentKeyFieldsFragment, unknown>;
export const ApiKeyFieldsFragmentDoc = new TypedDocumentString(`
    fragment ApiKeyFields on ApiKey {
  id
  name
  prefix
  state
  createdAt
  lastUsedAt
  lastUsedAddress
  expiresAt
  allowedAddresses
}
    `, {"fragmentName":"ApiKeyFields"}) as unknown as TypedDocumentString<ApiKeyFieldsFragment, unknown>;
export const MonitorSummaryFragmentDoc = new TypedDocumentString(`
    fragment MonitorSummary on Monitor {
  id
  version
  name
  description
  tags
  kind
  intervalSeconds
  resources
  state
  health
  createdAt
  lastReportAt
  lastReceivedAt
  lastGoodbyeAt
  lastError
  rights
  owner {
    id
    name
  }
}
    `, {"fragmentName":"MonitorSummary"}) as unknown as TypedDocumentString<MonitorSummaryFragment, unknown>;
export const MonitorHostFragmentDoc = new TypedDocumentString(`
    fragment MonitorHost on HostInventory {
  hostname
  os
  kernel
  arch
  cpuModel
  cores
  agentVersion
}
    `, {"fragmentName":"MonitorHost"}) as unknown as TypedDocumentString<MonitorHostFragment, unknown>;
export const MonitorLossesFieldsFragmentDoc = new TypedDocumentString(`
    fragment MonitorLossesFields on MonitorLosses {
  droppedValues
  droppedValuesAt
  conflicts
  conflictsAt
}
    `, {"fragmentName":"MonitorLossesFields"}) as unknown as TypedDocumentString<MonitorLossesFieldsFragment, unknown>;
export const AgentStateFieldsFragmentDoc = new TypedDocumentString(`
    fragment AgentStateFields on AgentState {
  clockOffsetMs
  isClockCorrected
  droppedReports
  droppedReportsAt
  spoolProblem
}
    `, {"fragmentName":"AgentStateFields"}) as unknown as TypedDocumentString<AgentStateFieldsFragment, unknown>;
export const ForwardingFieldsFragmentDoc = new TypedDocumentString(`
    fragment ForwardingFields on Forwarding {
  state
  queued
  lagSeconds
  lastSentAt
  dropped
  lastError {
    message
    at
  }
}
    `, {"fragmentName":"ForwardingFields"}) as unknown as TypedDocumentString<ForwardingFieldsFragment, unknown>;
export const IdentityConflictFieldsFragmentDoc = new TypedDocumentString(`
    fragment IdentityConflictFields on IdentityConflict {
  since
  boots {
    bootId
    address
  }
}
    `, {"fragmentName":"IdentityConflictFields"}) as unknown as TypedDocumentString<IdentityConflictFieldsFragment, unknown>;
export const MonitorLatestFragmentDoc = new TypedDocumentString(`
    fragment MonitorLatest on LatestValues {
  at
  receivedAt
  metrics
  values
}
    `, {"fragmentName":"MonitorLatest"}) as unknown as TypedDocumentString<MonitorLatestFragment, unknown>;
export const UserErrorFieldsFragmentDoc = new TypedDocumentString(`
    fragment UserErrorFields on UserError {
  code
  message
  path
}
    `, {"fragmentName":"UserErrorFields"}) as unknown as TypedDocumentString<UserErrorFieldsFragment, unknown>;
export const ShareFieldsFragmentDoc = new TypedDocumentString(`
    fragment ShareFields on MonitorShare {
  id
  monitorId
  tag
  ofEveryOwner
  access
  person {
    id
    name
    email
  }
}
    `, {"fragmentName":"ShareFields"}) as unknown as TypedDocumentString<ShareFieldsFragment, unknown>;
export const AccessTokenFieldsFragmentDoc = new TypedDocumentString(`
    fragment AccessTokenFields on AccessToken {
  id
  name
  scope
  prefix
  isExpired
  createdAt
  expiresAt
  lastUsedAt
  lastUsedAddress
}
    `, {"fragmentName":"AccessTokenFields"}) as unknown as TypedDocumentString<AccessTokenFieldsFragment, unknown>;
export const UserFieldsFragmentDoc = new TypedDocumentString(`
    fragment UserFields on User {
  id
  email
  name
  role
  isDisabled
  hasTwoFactor
  signedInAt
  monitorCount
}
    `, {"fragmentName":"UserFields"}) as unknown as TypedDocumentString<UserFieldsFragment, unknown>;
export const InvitationFieldsFragmentDoc = new TypedDocumentString(`
    fragment InvitationFields on Invitation {
  id
  email
  role
  expiresAt
}
    `, {"fragmentName":"InvitationFields"}) as unknown as TypedDocumentString<InvitationFieldsFragment, unknown>;
export const UpdateProfileDocument = new TypedDocumentString(`
    mutation UpdateProfile($input: UpdateProfileInput!) {
  updateProfile(input: $input) {
    userErrors {
      ...UserErrorFields
    }
  }
}
    fragment UserErrorFields on UserError {
  code
  message
  path
}`) as unknown as TypedDocumentString<UpdateProfileMutation, UpdateProfileMutationVariables>;
export const ChangeEmailDocument = new TypedDocumentString(`
    mutation ChangeEmail($input: ChangeEmailInput!) {
  changeEmail(input: $input) {
    userErrors {
      ...UserErrorFields
    }
  }
}
    fragment UserErrorFields on UserError {
  code
  message
  path
}`) as unknown as TypedDocumentString<ChangeEmailMutation, ChangeEmailMutationVariables>;
export const ChangePasswordDocument = new TypedDocumentString(`
    mutation ChangePassword($input: ChangePasswordInput!) {
  changePassword(input: $input) {
    userErrors {
      ...UserErrorFields
    }
  }
}
    fragment UserErrorFields on UserError {
  code
  message
  path
}`) as unknown as TypedDocumentString<ChangePasswordMutation, ChangePasswordMutationVariables>;
export const SessionsDocument = new TypedDocumentString(`
    query Sessions {
  sessions {
    id
    device
    address
    createdAt
    lastUsedAt
    isByProvider
    isCurrent
  }
}
    `) as unknown as TypedDocumentString<SessionsQuery, SessionsQueryVariables>;
export const EndSessionDocument = new TypedDocumentString(`
    mutation EndSession($id: ID!) {
  endSession(id: $id) {
    userErrors {
      ...UserErrorFields
    }
  }
}
    fragment UserErrorFields on UserError {
  code
  message
  path
}`) as unknown as TypedDocumentString<EndSessionMutation, EndSessionMutationVariables>;
export const EndOtherSessionsDocument = new TypedDocumentString(`
    mutation EndOtherSessions {
  endOtherSessions {
    count
    userErrors {
      ...UserErrorFields
    }
  }
}
    fragment UserErrorFields on UserError {
  code
  message
  path
}`) as unknown as TypedDocumentString<EndOtherSessionsMutation, EndOtherSessionsMutationVariables>;
export const DisconnectProviderDocument = new TypedDocumentString(`
    mutation DisconnectProvider($id: ID!, $input: DisconnectProviderInput!) {
  disconnectProvider(id: $id, input: $input) {
    userErrors {
      ...UserErrorFields
    }
  }
}
    fragment UserErrorFields on UserError {
  code
  message
  path
}`) as unknown as TypedDocumentString<DisconnectProviderMutation, DisconnectProviderMutationVariables>;
export const AuditLogDocument = new TypedDocumentString(`
    query AuditLog($filter: AuditFilter, $first: Int, $after: String) {
  auditLog(filter: $filter, first: $first, after: $after) {
    entries {
      ...AuditEntryFields
    }
    endCursor
  }
}
    fragment AuditEntryFields on AuditEntry {
  id
  at
  since
  count
  action
  actorKind
  actorEmail
  credentialId
  targetType
  targetName
  targetId
  before
  after
  address
  requestId
}`) as unknown as TypedDocumentString<AuditLogQuery, AuditLogQueryVariables>;
export const ViewerDocument = new TypedDocumentString(`
    query Viewer {
  viewer {
    id
    email
    name
    role
    rights
  }
}
    `) as unknown as TypedDocumentString<ViewerQuery, ViewerQueryVariables>;
export const SessionWatchDocument = new TypedDocumentString(`
    subscription SessionWatch {
  monitorStatusChanged(monitorIds: []) {
    id
  }
}
    `) as unknown as TypedDocumentString<SessionWatchSubscription, SessionWatchSubscriptionVariables>;
export const AgentInstallerDocument = new TypedDocumentString(`
    query AgentInstaller {
  agentInstaller {
    url
    pin
  }
}
    `) as unknown as TypedDocumentString<AgentInstallerQuery, AgentInstallerQueryVariables>;
export const CreateEnrolmentTokenDocument = new TypedDocumentString(`
    mutation CreateEnrolmentToken($monitorId: ID!) {
  createEnrolmentToken(monitorId: $monitorId) {
    token
    expiresAt
    userErrors {
      ...UserErrorFields
    }
  }
}
    fragment UserErrorFields on UserError {
  code
  message
  path
}`) as unknown as TypedDocumentString<CreateEnrolmentTokenMutation, CreateEnrolmentTokenMutationVariables>;
export const EnrolmentKeysDocument = new TypedDocumentString(`
    query EnrolmentKeys {
  enrolmentKeys {
    ...EnrolmentKeyFields
  }
}
    fragment EnrolmentKeyFields on EnrolmentKey {
  id
  name
  prefix
  tags
  quota
  useCount
  isExpired
  createdBy
  createdAt
  expiresAt
  lastUsedAt
  lastUsedAddress
}`) as unknown as TypedDocumentString<EnrolmentKeysQuery, EnrolmentKeysQueryVariables>;
export const CreateEnrolmentKeyDocument = new TypedDocumentString(`
    mutation CreateEnrolmentKey($input: CreateEnrolmentKeyInput!) {
  createEnrolmentKey(input: $input) {
    token
    userErrors {
      ...UserErrorFields
    }
  }
}
    fragment UserErrorFields on UserError {
  code
  message
  path
}`) as unknown as TypedDocumentString<CreateEnrolmentKeyMutation, CreateEnrolmentKeyMutationVariables>;
export const RevokeEnrolmentKeyDocument = new TypedDocumentString(`
    mutation RevokeEnrolmentKey($id: ID!) {
  revokeEnrolmentKey(id: $id) {
    userErrors {
      ...UserErrorFields
    }
  }
}
    fragment UserErrorFields on UserError {
  code
  message
  path
}`) as unknown as TypedDocumentString<RevokeEnrolmentKeyMutation, RevokeEnrolmentKeyMutationVariables>;
export const HubStatusDocument = new TypedDocumentString(`
    query HubStatus {
  hubStatus {
    storage {
      isFull
      freeBytes
      floorBytes
    }
  }
}
    `) as unknown as TypedDocumentString<HubStatusQuery, HubStatusQueryVariables>;
export const MonitorApiKeysDocument = new TypedDocumentString(`
    query MonitorApiKeys($id: ID!) {
  monitor(id: $id) {
    id
    apiKeys {
      ...ApiKeyFields
    }
  }
}
    fragment ApiKeyFields on ApiKey {
  id
  name
  prefix
  state
  createdAt
  lastUsedAt
  lastUsedAddress
  expiresAt
  allowedAddresses
}`) as unknown as TypedDocumentString<MonitorApiKeysQuery, MonitorApiKeysQueryVariables>;
export const CreateApiKeyDocument = new TypedDocumentString(`
    mutation CreateApiKey($monitorId: ID!, $input: CreateApiKeyInput) {
  createApiKey(monitorId: $monitorId, input: $input) {
    apiKey
    userErrors {
      ...UserErrorFields
    }
  }
}
    fragment UserErrorFields on UserError {
  code
  message
  path
}`) as unknown as TypedDocumentString<CreateApiKeyMutation, CreateApiKeyMutationVariables>;
export const UpdateApiKeyDocument = new TypedDocumentString(`
    mutation UpdateApiKey($id: ID!, $input: UpdateApiKeyInput!) {
  updateApiKey(id: $id, input: $input) {
    key {
      ...ApiKeyFields
    }
    userErrors {
      ...UserErrorFields
    }
  }
}
    fragment ApiKeyFields on ApiKey {
  id
  name
  prefix
  state
  createdAt
  lastUsedAt
  lastUsedAddress
  expiresAt
  allowedAddresses
}
fragment UserErrorFields on UserError {
  code
  message
  path
}`) as unknown as TypedDocumentString<UpdateApiKeyMutation, UpdateApiKeyMutationVariables>;
export const RotateApiKeyDocument = new TypedDocumentString(`
    mutation RotateApiKey($id: ID!, $input: RotateApiKeyInput) {
  rotateApiKey(id: $id, input: $input) {
    apiKey
    userErrors {
      ...UserErrorFields
    }
  }
}
    fragment UserErrorFields on UserError {
  code
  message
  path
}`) as unknown as TypedDocumentString<RotateApiKeyMutation, RotateApiKeyMutationVariables>;
export const RevokeApiKeyDocument = new TypedDocumentString(`
    mutation RevokeApiKey($id: ID!) {
  revokeApiKey(id: $id) {
    userErrors {
      ...UserErrorFields
    }
  }
}
    fragment UserErrorFields on UserError {
  code
  message
  path
}`) as unknown as TypedDocumentString<RevokeApiKeyMutation, RevokeApiKeyMutationVariables>;
export const MonitorsDocument = new TypedDocumentString(`
    query Monitors {
  monitors {
    ...MonitorSummary
    latest {
      ...MonitorLatest
    }
  }
}
    fragment MonitorSummary on Monitor {
  id
  version
  name
  description
  tags
  kind
  intervalSeconds
  resources
  state
  health
  createdAt
  lastReportAt
  lastReceivedAt
  lastGoodbyeAt
  lastError
  rights
  owner {
    id
    name
  }
}
fragment MonitorLatest on LatestValues {
  at
  receivedAt
  metrics
  values
}`) as unknown as TypedDocumentString<MonitorsQuery, MonitorsQueryVariables>;
export const MonitorDocument = new TypedDocumentString(`
    query Monitor($id: ID!) {
  monitor(id: $id) {
    ...MonitorSummary
    host {
      ...MonitorHost
    }
    losses {
      ...MonitorLossesFields
    }
    identityConflict {
      ...IdentityConflictFields
    }
    agent {
      ...AgentStateFields
    }
    forwarding {
      ...ForwardingFields
    }
    latest {
      ...MonitorLatest
    }
  }
}
    fragment MonitorSummary on Monitor {
  id
  version
  name
  description
  tags
  kind
  intervalSeconds
  resources
  state
  health
  createdAt
  lastReportAt
  lastReceivedAt
  lastGoodbyeAt
  lastError
  rights
  owner {
    id
    name
  }
}
fragment MonitorHost on HostInventory {
  hostname
  os
  kernel
  arch
  cpuModel
  cores
  agentVersion
}
fragment MonitorLossesFields on MonitorLosses {
  droppedValues
  droppedValuesAt
  conflicts
  conflictsAt
}
fragment AgentStateFields on AgentState {
  clockOffsetMs
  isClockCorrected
  droppedReports
  droppedReportsAt
  spoolProblem
}
fragment ForwardingFields on Forwarding {
  state
  queued
  lagSeconds
  lastSentAt
  dropped
  lastError {
    message
    at
  }
}
fragment IdentityConflictFields on IdentityConflict {
  since
  boots {
    bootId
    address
  }
}
fragment MonitorLatest on LatestValues {
  at
  receivedAt
  metrics
  values
}`) as unknown as TypedDocumentString<MonitorQuery, MonitorQueryVariables>;
export const MonitorSeriesDocument = new TypedDocumentString(`
    query MonitorSeries($id: ID!, $from: DateTime) {
  monitor(id: $id) {
    id
    metrics(from: $from) {
      key
      name
      labels
      unit
      kind
      isCustom
    }
    latest {
      ...MonitorLatest
    }
  }
}
    fragment MonitorLatest on LatestValues {
  at
  receivedAt
  metrics
  values
}`) as unknown as TypedDocumentString<MonitorSeriesQuery, MonitorSeriesQueryVariables>;
export const MonitorForwardingDocument = new TypedDocumentString(`
    query MonitorForwarding($id: ID!) {
  monitor(id: $id) {
    id
    forwarding {
      ...ForwardingFields
    }
  }
}
    fragment ForwardingFields on Forwarding {
  state
  queued
  lagSeconds
  lastSentAt
  dropped
  lastError {
    message
    at
  }
}`) as unknown as TypedDocumentString<MonitorForwardingQuery, MonitorForwardingQueryVariables>;
export const MonitorEndpointDocument = new TypedDocumentString(`
    query MonitorEndpoint($id: ID!) {
  monitor(id: $id) {
    id
    endpointUrl
    hasEndpointApiKey
  }
}
    `) as unknown as TypedDocumentString<MonitorEndpointQuery, MonitorEndpointQueryVariables>;
export const RetryForwardingDocument = new TypedDocumentString(`
    mutation RetryForwarding($id: ID!) {
  retryForwarding(id: $id) {
    userErrors {
      ...UserErrorFields
    }
  }
}
    fragment UserErrorFields on UserError {
  code
  message
  path
}`) as unknown as TypedDocumentString<RetryForwardingMutation, RetryForwardingMutationVariables>;
export const TestForwardingDocument = new TypedDocumentString(`
    mutation TestForwarding($id: ID!) {
  testForwarding(id: $id) {
    test {
      isWell
      message
    }
    userErrors {
      ...UserErrorFields
    }
  }
}
    fragment UserErrorFields on UserError {
  code
  message
  path
}`) as unknown as TypedDocumentString<TestForwardingMutation, TestForwardingMutationVariables>;
export const MonitorTopProcessesDocument = new TypedDocumentString(`
    query MonitorTopProcesses($id: ID!) {
  monitor(id: $id) {
    id
    topProcesses {
      at
      processes {
        name
        count
        cpuPercent
        memoryBytes
      }
    }
  }
}
    `) as unknown as TypedDocumentString<MonitorTopProcessesQuery, MonitorTopProcessesQueryVariables>;
export const CreateMonitorDocument = new TypedDocumentString(`
    mutation CreateMonitor($input: CreateMonitorInput!) {
  createMonitor(input: $input) {
    monitor {
      ...MonitorSummary
    }
    apiKey
    userErrors {
      ...UserErrorFields
    }
  }
}
    fragment MonitorSummary on Monitor {
  id
  version
  name
  description
  tags
  kind
  intervalSeconds
  resources
  state
  health
  createdAt
  lastReportAt
  lastReceivedAt
  lastGoodbyeAt
  lastError
  rights
  owner {
    id
    name
  }
}
fragment UserErrorFields on UserError {
  code
  message
  path
}`) as unknown as TypedDocumentString<CreateMonitorMutation, CreateMonitorMutationVariables>;
export const UpdateMonitorDocument = new TypedDocumentString(`
    mutation UpdateMonitor($id: ID!, $input: UpdateMonitorInput!) {
  updateMonitor(id: $id, input: $input) {
    monitor {
      ...MonitorSummary
    }
    userErrors {
      ...UserErrorFields
    }
  }
}
    fragment MonitorSummary on Monitor {
  id
  version
  name
  description
  tags
  kind
  intervalSeconds
  resources
  state
  health
  createdAt
  lastReportAt
  lastReceivedAt
  lastGoodbyeAt
  lastError
  rights
  owner {
    id
    name
  }
}
fragment UserErrorFields on UserError {
  code
  message
  path
}`) as unknown as TypedDocumentString<UpdateMonitorMutation, UpdateMonitorMutationVariables>;
export const DeleteMonitorDocument = new TypedDocumentString(`
    mutation DeleteMonitor($id: ID!) {
  deleteMonitor(id: $id) {
    deletedId
    userErrors {
      ...UserErrorFields
    }
  }
}
    fragment UserErrorFields on UserError {
  code
  message
  path
}`) as unknown as TypedDocumentString<DeleteMonitorMutation, DeleteMonitorMutationVariables>;
export const StartMonitorDocument = new TypedDocumentString(`
    mutation StartMonitor($id: ID!) {
  startMonitor(id: $id) {
    monitor {
      ...MonitorSummary
    }
    userErrors {
      ...UserErrorFields
    }
  }
}
    fragment MonitorSummary on Monitor {
  id
  version
  name
  description
  tags
  kind
  intervalSeconds
  resources
  state
  health
  createdAt
  lastReportAt
  lastReceivedAt
  lastGoodbyeAt
  lastError
  rights
  owner {
    id
    name
  }
}
fragment UserErrorFields on UserError {
  code
  message
  path
}`) as unknown as TypedDocumentString<StartMonitorMutation, StartMonitorMutationVariables>;
export const StopMonitorDocument = new TypedDocumentString(`
    mutation StopMonitor($id: ID!) {
  stopMonitor(id: $id) {
    monitor {
      ...MonitorSummary
    }
    userErrors {
      ...UserErrorFields
    }
  }
}
    fragment MonitorSummary on Monitor {
  id
  version
  name
  description
  tags
  kind
  intervalSeconds
  resources
  state
  health
  createdAt
  lastReportAt
  lastReceivedAt
  lastGoodbyeAt
  lastError
  rights
  owner {
    id
    name
  }
}
fragment UserErrorFields on UserError {
  code
  message
  path
}`) as unknown as TypedDocumentString<StopMonitorMutation, StopMonitorMutationVariables>;
export const ClearIdentityConflictDocument = new TypedDocumentString(`
    mutation ClearIdentityConflict($id: ID!) {
  clearIdentityConflict(monitorId: $id) {
    userErrors {
      ...UserErrorFields
    }
  }
}
    fragment UserErrorFields on UserError {
  code
  message
  path
}`) as unknown as TypedDocumentString<ClearIdentityConflictMutation, ClearIdentityConflictMutationVariables>;
export const MonitorStatusChangedDocument = new TypedDocumentString(`
    subscription MonitorStatusChanged {
  monitorStatusChanged {
    ...MonitorSummary
    losses {
      ...MonitorLossesFields
    }
    identityConflict {
      ...IdentityConflictFields
    }
    agent {
      ...AgentStateFields
    }
    forwarding {
      ...ForwardingFields
    }
  }
}
    fragment MonitorSummary on Monitor {
  id
  version
  name
  description
  tags
  kind
  intervalSeconds
  resources
  state
  health
  createdAt
  lastReportAt
  lastReceivedAt
  lastGoodbyeAt
  lastError
  rights
  owner {
    id
    name
  }
}
fragment MonitorLossesFields on MonitorLosses {
  droppedValues
  droppedValuesAt
  conflicts
  conflictsAt
}
fragment AgentStateFields on AgentState {
  clockOffsetMs
  isClockCorrected
  droppedReports
  droppedReportsAt
  spoolProblem
}
fragment ForwardingFields on Forwarding {
  state
  queued
  lagSeconds
  lastSentAt
  dropped
  lastError {
    message
    at
  }
}
fragment IdentityConflictFields on IdentityConflict {
  since
  boots {
    bootId
    address
  }
}`) as unknown as TypedDocumentString<MonitorStatusChangedSubscription, MonitorStatusChangedSubscriptionVariables>;
export const RetentionEstimateDocument = new TypedDocumentString(`
    query RetentionEstimate($id: ID!, $retention: RetentionInput) {
  retentionEstimate(monitorId: $id, retention: $retention) {
    tiers {
      resolutionSeconds
      days
      bytes
      expectedBytes
    }
    least {
      rawDays
      oneMinuteDays
      fifteenMinuteDays
      fourHourDays
    }
    most {
      rawDays
      oneMinuteDays
      fifteenMinuteDays
      fourHourDays
    }
  }
}
    `) as unknown as TypedDocumentString<RetentionEstimateQuery, RetentionEstimateQueryVariables>;
export const SharingDocument = new TypedDocumentString(`
    query Sharing($id: ID!) {
  monitor(id: $id) {
    id
    tags
    owner {
      id
      name
    }
    shares {
      ...ShareFields
    }
  }
  people {
    id
    name
    email
  }
}
    fragment ShareFields on MonitorShare {
  id
  monitorId
  tag
  ofEveryOwner
  access
  person {
    id
    name
    email
  }
}`) as unknown as TypedDocumentString<SharingQuery, SharingQueryVariables>;
export const ShareMonitorDocument = new TypedDocumentString(`
    mutation ShareMonitor($monitorId: ID!, $input: ShareInput!) {
  shareMonitor(monitorId: $monitorId, input: $input) {
    userErrors {
      ...UserErrorFields
    }
  }
}
    fragment UserErrorFields on UserError {
  code
  message
  path
}`) as unknown as TypedDocumentString<ShareMonitorMutation, ShareMonitorMutationVariables>;
export const ShareTagDocument = new TypedDocumentString(`
    mutation ShareTag($tag: String!, $input: ShareInput!, $ofEveryOwner: Boolean!) {
  shareTag(tag: $tag, input: $input, ofEveryOwner: $ofEveryOwner) {
    userErrors {
      ...UserErrorFields
    }
  }
}
    fragment UserErrorFields on UserError {
  code
  message
  path
}`) as unknown as TypedDocumentString<ShareTagMutation, ShareTagMutationVariables>;
export const RemoveShareDocument = new TypedDocumentString(`
    mutation RemoveShare($id: ID!) {
  removeShare(id: $id) {
    userErrors {
      ...UserErrorFields
    }
  }
}
    fragment UserErrorFields on UserError {
  code
  message
  path
}`) as unknown as TypedDocumentString<RemoveShareMutation, RemoveShareMutationVariables>;
export const SeriesDocument = new TypedDocumentString(`
    query Series($monitorIds: [ID!]!, $metrics: [String!]!, $from: DateTime!, $to: DateTime!, $maxPoints: Int) {
  series(
    monitorIds: $monitorIds
    metrics: $metrics
    from: $from
    to: $to
    maxPoints: $maxPoints
  ) {
    timestamps
    resolutionSeconds
    tier
    columns {
      monitorId
      metric
      labels
      mean
      min
      max
    }
  }
}
    `) as unknown as TypedDocumentString<SeriesQuery, SeriesQueryVariables>;
export const ReportsReceivedDocument = new TypedDocumentString(`
    subscription ReportsReceived($monitorIds: [ID!]!, $metrics: [String!]) {
  reportsReceived(monitorIds: $monitorIds, metrics: $metrics) {
    reports {
      monitorId
      at
      previousAt
      metrics
      values
    }
  }
}
    `) as unknown as TypedDocumentString<ReportsReceivedSubscription, ReportsReceivedSubscriptionVariables>;
export const SamplesBackfilledDocument = new TypedDocumentString(`
    subscription SamplesBackfilled($monitorIds: [ID!]!) {
  samplesBackfilled(monitorIds: $monitorIds) {
    monitorId
    from
    to
  }
}
    `) as unknown as TypedDocumentString<SamplesBackfilledSubscription, SamplesBackfilledSubscriptionVariables>;
export const AccessTokensDocument = new TypedDocumentString(`
    query AccessTokens {
  accessTokens {
    ...AccessTokenFields
  }
}
    fragment AccessTokenFields on AccessToken {
  id
  name
  scope
  prefix
  isExpired
  createdAt
  expiresAt
  lastUsedAt
  lastUsedAddress
}`) as unknown as TypedDocumentString<AccessTokensQuery, AccessTokensQueryVariables>;
export const CreateAccessTokenDocument = new TypedDocumentString(`
    mutation CreateAccessToken($input: CreateAccessTokenInput!) {
  createAccessToken(input: $input) {
    token
    userErrors {
      ...UserErrorFields
    }
  }
}
    fragment UserErrorFields on UserError {
  code
  message
  path
}`) as unknown as TypedDocumentString<CreateAccessTokenMutation, CreateAccessTokenMutationVariables>;
export const RevokeAccessTokenDocument = new TypedDocumentString(`
    mutation RevokeAccessToken($id: ID!) {
  revokeAccessToken(id: $id) {
    userErrors {
      ...UserErrorFields
    }
  }
}
    fragment UserErrorFields on UserError {
  code
  message
  path
}`) as unknown as TypedDocumentString<RevokeAccessTokenMutation, RevokeAccessTokenMutationVariables>;
export const AccountSecurityDocument = new TypedDocumentString(`
    query AccountSecurity {
  accountSecurity {
    hasPassword
    hasTwoFactor
    isTwoFactorRequired
    recoveryCodesLeft
    provider
    connectedProviders {
      id
      label
      isCurrent
      email
      createdAt
      lastUsedAt
    }
  }
}
    `) as unknown as TypedDocumentString<AccountSecurityQuery, AccountSecurityQueryVariables>;
export const BeginTwoFactorDocument = new TypedDocumentString(`
    mutation BeginTwoFactor($input: BeginTwoFactorInput!) {
  beginTwoFactor(input: $input) {
    secret
    uri
    userErrors {
      ...UserErrorFields
    }
  }
}
    fragment UserErrorFields on UserError {
  code
  message
  path
}`) as unknown as TypedDocumentString<BeginTwoFactorMutation, BeginTwoFactorMutationVariables>;
export const ConfirmTwoFactorDocument = new TypedDocumentString(`
    mutation ConfirmTwoFactor($input: ConfirmTwoFactorInput!) {
  confirmTwoFactor(input: $input) {
    recoveryCodes
    userErrors {
      ...UserErrorFields
    }
  }
}
    fragment UserErrorFields on UserError {
  code
  message
  path
}`) as unknown as TypedDocumentString<ConfirmTwoFactorMutation, ConfirmTwoFactorMutationVariables>;
export const DisableTwoFactorDocument = new TypedDocumentString(`
    mutation DisableTwoFactor($input: ProveTwoFactorInput!) {
  disableTwoFactor(input: $input) {
    userErrors {
      ...UserErrorFields
    }
  }
}
    fragment UserErrorFields on UserError {
  code
  message
  path
}`) as unknown as TypedDocumentString<DisableTwoFactorMutation, DisableTwoFactorMutationVariables>;
export const RenewRecoveryCodesDocument = new TypedDocumentString(`
    mutation RenewRecoveryCodes($input: ProveTwoFactorInput!) {
  renewRecoveryCodes(input: $input) {
    recoveryCodes
    userErrors {
      ...UserErrorFields
    }
  }
}
    fragment UserErrorFields on UserError {
  code
  message
  path
}`) as unknown as TypedDocumentString<RenewRecoveryCodesMutation, RenewRecoveryCodesMutationVariables>;
export const UsersDocument = new TypedDocumentString(`
    query Users {
  users {
    ...UserFields
  }
  invitations {
    ...InvitationFields
  }
}
    fragment UserFields on User {
  id
  email
  name
  role
  isDisabled
  hasTwoFactor
  signedInAt
  monitorCount
}
fragment InvitationFields on Invitation {
  id
  email
  role
  expiresAt
}`) as unknown as TypedDocumentString<UsersQuery, UsersQueryVariables>;
export const InviteUserDocument = new TypedDocumentString(`
    mutation InviteUser($input: InviteUserInput!) {
  inviteUser(input: $input) {
    link
    userErrors {
      ...UserErrorFields
    }
  }
}
    fragment UserErrorFields on UserError {
  code
  message
  path
}`) as unknown as TypedDocumentString<InviteUserMutation, InviteUserMutationVariables>;
export const RenewInvitationDocument = new TypedDocumentString(`
    mutation RenewInvitation($id: ID!) {
  renewInvitation(id: $id) {
    link
    userErrors {
      ...UserErrorFields
    }
  }
}
    fragment UserErrorFields on UserError {
  code
  message
  path
}`) as unknown as TypedDocumentString<RenewInvitationMutation, RenewInvitationMutationVariables>;
export const RevokeInvitationDocument = new TypedDocumentString(`
    mutation RevokeInvitation($id: ID!) {
  revokeInvitation(id: $id) {
    userErrors {
      ...UserErrorFields
    }
  }
}
    fragment UserErrorFields on UserError {
  code
  message
  path
}`) as unknown as TypedDocumentString<RevokeInvitationMutation, RevokeInvitationMutationVariables>;
export const UpdateUserDocument = new TypedDocumentString(`
    mutation UpdateUser($id: ID!, $input: UpdateUserInput!) {
  updateUser(id: $id, input: $input) {
    userErrors {
      ...UserErrorFields
    }
  }
}
    fragment UserErrorFields on UserError {
  code
  message
  path
}`) as unknown as TypedDocumentString<UpdateUserMutation, UpdateUserMutationVariables>;
export const DisableUserDocument = new TypedDocumentString(`
    mutation DisableUser($id: ID!) {
  disableUser(id: $id) {
    userErrors {
      ...UserErrorFields
    }
  }
}
    fragment UserErrorFields on UserError {
  code
  message
  path
}`) as unknown as TypedDocumentString<DisableUserMutation, DisableUserMutationVariables>;
export const EnableUserDocument = new TypedDocumentString(`
    mutation EnableUser($id: ID!) {
  enableUser(id: $id) {
    userErrors {
      ...UserErrorFields
    }
  }
}
    fragment UserErrorFields on UserError {
  code
  message
  path
}`) as unknown as TypedDocumentString<EnableUserMutation, EnableUserMutationVariables>;
export const DeleteUserDocument = new TypedDocumentString(`
    mutation DeleteUser($id: ID!) {
  deleteUser(id: $id) {
    userErrors {
      ...UserErrorFields
    }
  }
}
    fragment UserErrorFields on UserError {
  code
  message
  path
}`) as unknown as TypedDocumentString<DeleteUserMutation, DeleteUserMutationVariables>;
export const ResetTwoFactorDocument = new TypedDocumentString(`
    mutation ResetTwoFactor($id: ID!) {
  resetTwoFactor(id: $id) {
    userErrors {
      ...UserErrorFields
    }
  }
}
    fragment UserErrorFields on UserError {
  code
  message
  path
}`) as unknown as TypedDocumentString<ResetTwoFactorMutation, ResetTwoFactorMutationVariables>;