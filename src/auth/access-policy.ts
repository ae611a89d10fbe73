import { type GraphQLSchema } from 'graphql';
import type { HubRight, MonitorRight } from './rights.js';

/**
 * Whom a door is for:
 * - `public`: everybody, strangers too.
 * - `reportKey`: a monitor's report key, never a user.
 * - `own`: any user; it is about themselves, or about what they may see.
 * - `hub`: users whose role has this right on the hub.
 * - `monitor`: users who have this right on the monitor that is named, or that what is named belongs to. For whom may
 *   not even see it, it does not exist.
 */
export type Access =
  | { readonly is: 'public' }
  | { readonly is: 'reportKey' }
  | { readonly is: 'own' }
  | { readonly is: 'hub'; readonly right: HubRight }
  | { readonly is: 'monitor'; readonly right: MonitorRight };

/** `byToken: false`: never by a personal token, of whatever scope. */
export type DoorPolicy = Access & { readonly byToken?: false };

const PUBLIC: DoorPolicy = { is: 'public' };
const REPORT_KEY: DoorPolicy = { is: 'reportKey' };
const OWN: DoorPolicy = { is: 'own' };
const OWN_BY_PERSON: DoorPolicy = { is: 'own', byToken: false };
const USERS_BY_PERSON: DoorPolicy = { is: 'hub', right: 'manageUsers', byToken: false };
const onHub = (right: HubRight): DoorPolicy => ({ is: 'hub', right });
const onMonitor = (right: MonitorRight): DoorPolicy => ({ is: 'monitor', right });

/**
 * Every field at the root of the schema, and those below that not everybody gets who gets what they hang on.
 *
 * Nothing is opened by this table: the doors are closed by themselves, and the services ask `rights.ts`. It is what they
 * are held to: a field that is missing here fails the build, and a test asks every one of them as everybody.
 */
export const FIELD_POLICIES: Readonly<Record<string, DoorPolicy>> = {
  'Query.accessTokens': OWN_BY_PERSON,
  'Query.accountSecurity': OWN_BY_PERSON,
  'Query.agentInstaller': OWN,
  'Query.auditLog': onHub('readAudit'),
  'Query.enrolmentKeys': OWN,
  'Query.hubStatus': OWN,
  'Query.invitations': onHub('manageUsers'),
  'Query.latest': OWN,
  'Query.monitor': onMonitor('view'),
  'Query.monitors': OWN,
  'Query.people': onHub('seePeople'),
  'Query.retentionEstimate': onMonitor('view'),
  'Query.series': OWN,
  'Query.sessions': OWN_BY_PERSON,
  'Query.tagShares': OWN,
  'Query.users': onHub('manageUsers'),
  'Query.viewer': OWN,

  'Mutation.beginTwoFactor': OWN_BY_PERSON,
  'Mutation.changeEmail': OWN_BY_PERSON,
  'Mutation.changePassword': OWN_BY_PERSON,
  'Mutation.confirmTwoFactor': OWN_BY_PERSON,
  'Mutation.clearIdentityConflict': onMonitor('change'),
  'Mutation.createAccessToken': OWN_BY_PERSON,
  'Mutation.createApiKey': onMonitor('manageKeys'),
  'Mutation.createEnrolmentKey': onHub('createMonitor'),
  'Mutation.createEnrolmentToken': onMonitor('manageKeys'),
  'Mutation.createMonitor': onHub('createMonitor'),
  'Mutation.deleteMonitor': onMonitor('delete'),
  'Mutation.deleteUser': USERS_BY_PERSON,
  'Mutation.disableTwoFactor': OWN_BY_PERSON,
  'Mutation.disconnectProvider': OWN_BY_PERSON,
  'Mutation.disableUser': USERS_BY_PERSON,
  'Mutation.enableUser': USERS_BY_PERSON,
  'Mutation.endOtherSessions': OWN_BY_PERSON,
  'Mutation.endSession': OWN_BY_PERSON,
  'Mutation.inviteUser': USERS_BY_PERSON,
  'Mutation.removeShare': onMonitor('share'),
  'Mutation.renewInvitation': USERS_BY_PERSON,
  'Mutation.retryForwarding': onMonitor('change'),
  'Mutation.renewRecoveryCodes': OWN_BY_PERSON,
  'Mutation.resetTwoFactor': USERS_BY_PERSON,
  'Mutation.revokeAccessToken': OWN_BY_PERSON,
  'Mutation.revokeApiKey': onMonitor('manageKeys'),
  'Mutation.revokeEnrolmentKey': OWN,
  'Mutation.revokeInvitation': USERS_BY_PERSON,
  'Mutation.rotateApiKey': onMonitor('manageKeys'),
  'Mutation.shareMonitor': onMonitor('share'),
  'Mutation.shareTag': onHub('createMonitor'),
  'Mutation.startMonitor': onMonitor('change'),
  'Mutation.stopMonitor': onMonitor('change'),
  'Mutation.testForwarding': onMonitor('change'),
  'Mutation.updateApiKey': onMonitor('manageKeys'),
  'Mutation.updateMonitor': onMonitor('change'),
  'Mutation.updateProfile': OWN_BY_PERSON,
  'Mutation.updateUser': USERS_BY_PERSON,

  'Subscription.monitorStatusChanged': OWN,
  'Subscription.reportsReceived': OWN,
  'Subscription.samplesBackfilled': OWN,

  'Monitor.apiKeys': onMonitor('manageKeys'),
  'Monitor.shares': onMonitor('share'),
};

/** Every route, by its method and its pattern; HEAD is GET without a body. `/graphql` holds the fields above. */
export const ROUTE_POLICIES: Readonly<Record<string, DoorPolicy>> = {
  'GET /*': PUBLIC,
  'GET /livez': PUBLIC,
  'GET /readyz': PUBLIC,
  'GET /metrics': PUBLIC,
  'GET /agent-portable.cjs': PUBLIC,
  'GET /agent.cjs': PUBLIC,
  'GET /agent/node-linux-arm64': PUBLIC,
  'GET /agent/node-linux-x64': PUBLIC,
  'GET /install.sh': PUBLIC,
  'GET /openapi.json': OWN,
  'POST /api/agents/enrol': PUBLIC,
  'POST /api/auth/invitation': PUBLIC,
  'POST /api/auth/login': PUBLIC,
  'POST /api/auth/logout': OWN_BY_PERSON,
  'GET /api/auth/oidc/callback': PUBLIC,
  'POST /api/auth/oidc/connect': OWN_BY_PERSON,
  'POST /api/auth/oidc/start': PUBLIC,
  'GET /api/auth/options': PUBLIC,
  'POST /api/auth/reset': PUBLIC,
  'POST /api/auth/second-step': PUBLIC,
  'POST /api/auth/setup': PUBLIC,
  'GET /api/audit': onHub('readAudit'),
  'GET /api/monitoring': OWN,
  'POST /api/monitoring': onHub('createMonitor'),
  'GET /api/monitoring/data': REPORT_KEY,
  'POST /api/monitoring/data': REPORT_KEY,
  'GET /api/monitoring/:id': onMonitor('view'),
  'PUT /api/monitoring/:id': onMonitor('change'),
  'PATCH /api/monitoring/:id': onMonitor('change'),
  'DELETE /api/monitoring/:id': onMonitor('delete'),
  'GET /api/monitoring/:id/status': onMonitor('view'),
  'POST /api/monitoring/:id/start': onMonitor('change'),
  'POST /api/monitoring/:id/stop': onMonitor('change'),
};

/** Fields at the root of a schema that no policy stands for, and policies of fields that are no more. */
export function findUndeclaredFields(schema: GraphQLSchema): string[] {
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
  const fields = roots.flatMap((type) =>
    Object.keys(type?.getFields() ?? {}).map((name) => `${type!.name}.${name}`),
  );
  const isThere = (key: string): boolean => {
    const [type = '', field = ''] = key.split('.');
    const found = schema.getType(type);
    return found !== undefined && 'getFields' in found && field in found.getFields();
  };
  return [
    ...fields.filter((field) => !(field in FIELD_POLICIES)),
    ...Object.keys(FIELD_POLICIES).filter((key) => !isThere(key)),
  ];
}
