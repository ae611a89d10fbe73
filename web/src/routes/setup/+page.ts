import { isRedirect, redirect } from '@sveltejs/kit';
import { readSession } from '#lib/auth/session.svelte.ts';
import { loginPath, overviewPath } from '#lib/routes.ts';
import type { PageLoad } from './$types';

/** There is nothing to set up twice. */
export const load: PageLoad = async () => {
  try {
    const session = await readSession();
    if (session.kind === 'signed-in') redirect(307, overviewPath());
    if (session.kind === 'signed-out') redirect(307, loginPath());
  } catch (failure) {
    // An unreachable hub says so when the form is sent.
    if (isRedirect(failure)) throw failure;
  }
};
