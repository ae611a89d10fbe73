import { redirect } from '@sveltejs/kit';
import { settingsPath } from '#lib/routes.ts';
import type { PageLoad } from './$types';

export const load: PageLoad = () => redirect(307, settingsPath());
