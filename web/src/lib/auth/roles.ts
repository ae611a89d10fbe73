import type { UserRole } from '../graphql/generated/graphql.ts';
import { m } from '../paraglide/messages.js';

/** What each role is called, and what it may do in a sentence; from the one with most to the one with least. */
export const ROLE_LOOKS: Readonly<Record<UserRole, { label: () => string; hint: () => string }>> = {
  ADMIN: { label: m.role_admin, hint: m.role_admin_hint },
  EDITOR: { label: m.role_editor, hint: m.role_editor_hint },
  VIEWER: { label: m.role_viewer, hint: m.role_viewer_hint },
};
export const ROLES = ['ADMIN', 'EDITOR', 'VIEWER'] as const satisfies readonly UserRole[];
