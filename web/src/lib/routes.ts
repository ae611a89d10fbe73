import { resolve } from '$app/paths';

/** Every address of the page and of the hub is made here; all of them hold under a sub-path. */
export const overviewPath = () => resolve('/(app)');
export const loginPath = (next?: string) =>
  next && next !== overviewPath()
    ? `${resolve('/login')}?next=${encodeURIComponent(next)}`
    : resolve('/login');
export const setupPath = () => resolve('/setup');
export const monitorPath = (id: string, range?: string) =>
  `${resolve('/(app)/monitors/[id]', { id })}${range ? `?range=${range}` : ''}`;

export type SettingsTab = 'profile' | 'sessions' | 'tokens' | 'enrolment' | 'audit' | 'users';
export const settingsPath = (tab: SettingsTab = 'profile') => resolve(`/(app)/settings/${tab}`);
export const invitationPath = () => resolve('/invitation');
export const resetPath = () => resolve('/reset');

function hubPath(path: string): string {
  return `${overviewPath().replace(/\/$/, '')}/${path}`;
}

export const graphqlPath = () => hubPath('graphql');
export const graphiqlPath = () => hubPath('graphiql/');
type AuthAction =
  | 'setup'
  | 'login'
  | 'second-step'
  | 'logout'
  | 'invitation'
  | 'reset'
  | 'options'
  | 'oidc/start'
  | 'oidc/connect';
export const authPath = (action: AuthAction) => hubPath(`api/auth/${action}`);

export function liveSocketUrl(): string {
  const url = new URL(graphqlPath(), location.href);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return url.href;
}

/** The hub's address as agents and scripts reach it, without a slash at the end. */
export function hubUrl(): string {
  return new URL(overviewPath(), location.href).href.replace(/\/$/, '');
}

export function monitorsApiUrl(): string {
  return new URL(hubPath('api/monitoring/'), location.href).href;
}

/** Where the audit log is downloaded; `query` as of URLSearchParams. */
export const auditExportPath = (query: string) => hubPath(`api/audit${query && `?${query}`}`);

/** A link of the hub as it can be handed over: without its PUBLIC_URL the hub gives only the path. */
export function absoluteLink(link: string): string {
  return new URL(link, location.origin).href;
}

/** Where to go after signing in. Only a path of this page is accepted: an open redirect helps a phisher. */
export function readNextPath(wanted: string | null): string {
  if (!wanted?.startsWith('/')) return overviewPath();
  const url = new URL(wanted, location.origin);
  const isOwn = url.origin === location.origin && url.pathname.startsWith(overviewPath());
  return isOwn ? url.pathname + url.search : overviewPath();
}
