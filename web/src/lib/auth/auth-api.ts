import { HubError, readProblem } from '../graphql/hub-error.ts';
import { noteHubTime } from '../graphql/hub-clock.ts';
import { authPath } from '../routes.ts';

/** The hub's rule for a password, in characters. */
export const PASSWORD_LENGTH = { min: 12, max: 128 } as const;

async function post(action: 'setup' | 'login' | 'logout', body: object): Promise<void> {
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
}

export const setUp = (token: string, email: string, password: string) =>
  post('setup', { token, email, password });

export const logIn = (email: string, password: string) => post('login', { email, password });

export const logOut = () => post('logout', {});
