import type { HubRight } from '../graphql/generated/graphql.ts';
import { m } from '../paraglide/messages.js';
import { settingsPath, type SettingsTab } from '../routes.ts';

interface Tab {
  readonly id: SettingsTab;
  readonly label: () => string;
  /** Shown only to those who have it. */
  readonly right?: HubRight;
}

/** The tabs of the settings, in their order: a new one is a line here, its name in `SettingsTab`, and its route. */
export const SETTINGS_TABS: readonly Tab[] = [
  { id: 'profile', label: m.tab_profile },
  { id: 'sessions', label: m.tab_sessions },
  { id: 'tokens', label: m.tab_tokens },
  { id: 'enrolment', label: m.tab_enrolment, right: 'CREATE_MONITOR' },
  { id: 'users', label: m.tab_users, right: 'MANAGE_USERS' },
  { id: 'audit', label: m.tab_audit, right: 'READ_AUDIT' },
];

/** The tabs that somebody with these rights has, with their addresses. */
export const listTabs = (rights: readonly HubRight[]) =>
  SETTINGS_TABS.filter(({ right }) => !right || rights.includes(right)).map((tab) => ({
    ...tab,
    href: settingsPath(tab.id),
  }));
