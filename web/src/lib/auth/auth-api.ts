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

/** The password was right, and a code is due. */
export interface SecondStep {
  readonly token: string;
  /** The user has to have a second factor and has none: the first code of this one sets it up. */
  readonly enrolment?: { readonly secret: string; readonly uri: string };
}

async function begin(
  action: 'setup' | 'login' | 'invitation',
  body: object,
): Promise<SecondStep | undefined> {
  return ((await (await post(action, body)).json()) as { secondStep?: SecondStep }).secondStep;
}

/** Undefined: signed in. */
export const logIn = (email: string, password: string) => begin('login', { email, password });

/** Makes the first administrator. Undefined: signed in. */
export const setUp = (token: string, email: string, password: string) =>
  begin('setup', { token, email, password });

/** Signs in. Returns the recovery codes of a second factor that was set up by it. */
export async function finishSignIn(token: string, code: string): Promise<readonly string[] | undefined> {
  const answer = (await (await post('second-step', { token, code })).json()) as { recoveryCodes?: string[] };
  return answer.recoveryCodes;
}

export const logOut = () => post('logout', {});

/** Whom an invitation is for. Throws a HubError, signed out, for a link that is not valid any more. */
export const readInvitation = async (token: string): Promise<Invitation> =>
  (await post('invitation', { token })).json() as Promise<Invitation>;

/** Undefined: signed in. */
export const acceptInvitation = (token: string, name: string, password: string) =>
  begin('invitation', { token, name, password });

/** How one signs in here. */
export interface SignInOptions {
  readonly password: boolean;
  /** Who else says who somebody is, as users call it. */
  readonly provider?: { readonly label: string };
}

/** A hub that does not answer is asked for a password: the form then says what is wrong. */
export async function readSignInOptions(): Promise<SignInOptions> {
  try {
    const response = await fetch(authPath('options'), { credentials: 'same-origin' });
    if (response.ok) return (await response.json()) as SignInOptions;
  } catch {
    // As below.
  }
  return { password: true };
}

/** Leaves for the provider. @param of.next where to go afterwards, or the token of the invitation that is accepted */
export async function leaveForProvider(of: { next?: string; invitation?: string }): Promise<void> {
  location.assign(((await (await post('oidc/start', of)).json()) as { url: string }).url);
}

/** Leaves for the provider, to be connected with it. */
export async function leaveToConnect(currentPassword: string): Promise<void> {
  const answer = await post('oidc/connect', { currentPassword });
  location.assign(((await answer.json()) as { url: string }).url);
}

/** Whose password a reset link sets. */
export const readReset = async (token: string): Promise<{ email: string }> =>
  (await post('reset', { token })).json() as Promise<{ email: string }>;

export const resetPassword = (token: string, password: string) => post('reset', { token, password });
