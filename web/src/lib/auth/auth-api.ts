import { HubError, readProblem } from '../graphql/hub-error.ts';
import { noteHubTime } from '../graphql/hub-clock.ts';
import { authPath } from '../routes.ts';

/** The hub's rule for a password, in characters. */
export const PASSWORD_LENGTH = { min: 12, max: 128 } as const;

interface Invitation {
  readonly email: string;
  readonly role: 'admin' | 'editor' | 'viewer';
}

async function post(action: Parameters<typeof authPath>[0], body: object): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(authPath(action), {
      method: 'POST',
      credentials: 'same-origin',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
  } catch {
    throw new HubError('', { code: 'unreachable' });
  }
  noteHubTime(response);
  if (!response.ok) throw await readProblem(response);
  return response;
}

export const setUp = (token: string, email: string, password: string) =>
  post('setup', { token, email, password });

export const logIn = (email: string, password: string) => post('login', { email, password });

export const logOut = () => post('logout', {});

/** Whom an invitation is for. Throws a HubError, signed out, for a link that is not valid any more. */
export const readInvitation = async (token: string): Promise<Invitation> =>
  (await post('invitation', { token })).json() as Promise<Invitation>;

export const acceptInvitation = (token: string, name: string, password: string) =>
  post('invitation', { token, name, password });

/** Whose password a reset link sets. */
export const readReset = async (token: string): Promise<{ email: string }> =>
  (await post('reset', { token })).json() as Promise<{ email: string }>;

export const resetPassword = (token: string, password: string) => post('reset', { token, password });
