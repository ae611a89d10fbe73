import { goto } from '$app/navigation';
import { query, setSessionLossListener, subscribe } from '../graphql/client.ts';
import { HubError } from '../graphql/hub-error.ts';
import { SessionWatchDocument, ViewerDocument, type ViewerQuery } from '../graphql/generated/graphql.ts';
import { liveConnection } from '../live/live-connection.svelte.ts';
import { loginPath, setupPath } from '../routes.ts';
import { logOut } from './auth-api.ts';

const noop = () => {};

export type Viewer = NonNullable<ViewerQuery['viewer']>;
export type SessionState =
  { kind: 'signed-in'; viewer: Viewer } | { kind: 'signed-out' } | { kind: 'setup-required' };

/** Who looks at the page. An unreachable hub is no answer and throws. */
export async function readSession(): Promise<SessionState> {
  try {
    const { viewer } = await query(ViewerDocument, {});
    return viewer ? { kind: 'signed-in', viewer } : { kind: 'signed-out' };
  } catch (error) {
    if (error instanceof HubError && error.isSignedOut) {
      return { kind: error.code === 'setup_required' ? 'setup-required' : 'signed-out' };
    }
    throw error;
  }
}

/** Leads a signed-out browser to the sign-in page, and back to where it was afterwards. */
export function guardSession(): void {
  // A lost session is announced by the question itself; an unreachable hub is retried by the socket.
  liveConnection.checkSession = () => readSession().then(noop, noop);
  setSessionLossListener((code) => {
    const here = location.pathname + location.search;
    if (location.pathname === loginPath() || location.pathname === setupPath()) return;
    liveConnection.close();
    void goto(code === 'setup_required' ? setupPath() : loginPath(here), { replaceState: true });
  });
}

/** For pages without live values: without it they would learn only with the next question that the session is over. */
export function watchSession(): () => void {
  return subscribe(SessionWatchDocument, {}, noop);
}

export async function signOut(): Promise<void> {
  liveConnection.close();
  await logOut();
  await goto(loginPath());
}
