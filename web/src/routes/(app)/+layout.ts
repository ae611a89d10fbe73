import { error, isRedirect, redirect } from '@sveltejs/kit';
import { describeError } from '#lib/graphql/describe-error.ts';
import { readSession } from '#lib/auth/session.svelte.ts';
import { loginPath, setupPath } from '#lib/routes.ts';
import type { LayoutLoad } from './$types';

export const load: LayoutLoad = async ({ url, untrack }) => {
  try {
    const session = await readSession();
    if (session.kind === 'signed-in') return { viewer: session.viewer };
    if (session.kind === 'setup-required') redirect(307, setupPath());
    redirect(307, loginPath(untrack(() => url.pathname + url.search)));
  } catch (failure) {
    if (isRedirect(failure)) throw failure;
    error(503, describeError(failure));
  }
};
