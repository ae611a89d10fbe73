import Circle from '@lucide/svelte/icons/circle';
import CircleCheck from '@lucide/svelte/icons/circle-check';
import CirclePause from '@lucide/svelte/icons/circle-pause';
import CircleX from '@lucide/svelte/icons/circle-x';
import Power from '@lucide/svelte/icons/power';
import Clock from '@lucide/svelte/icons/clock-alert';
import type { Component } from 'svelte';
import type { MonitorHealth } from '../graphql/generated/graphql.ts';
import { m } from '../paraglide/messages.js';

export interface StatusLook {
  readonly word: () => string;
  readonly icon: Component<{ size?: number; class?: string }>;
  readonly text: string;
  readonly pill: string;
  /** Strip at the left edge of a card: only what needs a look has one. */
  readonly edge: string;
  /** Values under this status are the present ones. */
  readonly isCurrent: boolean;
}

/** Icon, word and colour of each health: never colour alone. */
export const STATUS_LOOKS: Record<MonitorHealth, StatusLook> = {
  UP: {
    word: m.status_up,
    icon: CircleCheck,
    text: 'text-good',
    pill: 'bg-good-soft text-good',
    edge: '',
    isCurrent: true,
  },
  LATE: {
    word: m.status_late,
    icon: Clock,
    text: 'text-warn',
    pill: 'bg-warn-soft text-warn',
    edge: 'bg-warn-fill',
    isCurrent: false,
  },
  DOWN: {
    word: m.status_down,
    icon: CircleX,
    text: 'text-bad',
    pill: 'bg-bad-soft text-bad',
    edge: 'bg-bad-fill',
    isCurrent: false,
  },
  OFF: {
    word: m.status_off,
    icon: Power,
    text: 'text-idle',
    pill: 'bg-idle-soft text-idle',
    edge: '',
    isCurrent: false,
  },
  PENDING: {
    word: m.status_pending,
    icon: Circle,
    text: 'text-idle',
    pill: 'bg-idle-soft text-idle',
    edge: '',
    isCurrent: false,
  },
  PAUSED: {
    word: m.status_paused,
    icon: CirclePause,
    text: 'text-idle',
    pill: 'bg-idle-soft text-idle',
    edge: '',
    isCurrent: false,
  },
};

/** How old the newest values may be, in ms, and still be shown as the present ones. */
export function freshFor(intervalMs: number): number {
  return 2.5 * intervalMs + 1500;
}
