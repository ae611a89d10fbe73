import type { CreateMonitorInput, MonitorKind, UpdateMonitorInput } from '../graphql/generated/graphql.ts';

/** What a monitor can watch, in the order of the page. */
export const RESOURCES = [
  'cpu',
  'memory',
  'storage',
  'network',
  'disk',
  'inodes',
  'temperature',
  'processes',
  'connections',
  'pressure',
  'uptime',
  'cgroup',
] as const;
export const INTERVAL_SECONDS = { min: 1, max: 3600, usual: 10 } as const;

export interface MonitorFormValues {
  name: string;
  kind: MonitorKind;
  intervalSeconds: number | null;
  resources: string[];
  description: string;
  tags: string;
}

export function newFormValues(): MonitorFormValues {
  return {
    name: '',
    kind: 'AGENT',
    intervalSeconds: INTERVAL_SECONDS.usual,
    resources: [...RESOURCES],
    description: '',
    tags: '',
  };
}

interface EditableMonitor {
  readonly name: string;
  readonly kind: MonitorKind;
  readonly intervalSeconds: number;
  readonly resources: readonly string[];
  readonly description: string | null;
  readonly tags: readonly string[];
}

export function toFormValues(monitor: EditableMonitor): MonitorFormValues {
  return {
    name: monitor.name,
    kind: monitor.kind,
    intervalSeconds: monitor.intervalSeconds,
    resources: [...monitor.resources],
    description: monitor.description ?? '',
    tags: monitor.tags.join(', '),
  };
}

/** Words between commas, each once, in the order they were typed. */
export function parseTags(text: string): string[] {
  return [...new Set(text.split(',').map((tag) => tag.trim()))].filter((tag) => tag !== '');
}

function toCommonInput(values: MonitorFormValues) {
  return {
    name: values.name.trim(),
    intervalSeconds: values.intervalSeconds ?? INTERVAL_SECONDS.usual,
    resources: values.resources,
    description: values.description.trim() || null,
    tags: parseTags(values.tags),
  };
}

export function toCreateInput(values: MonitorFormValues): CreateMonitorInput {
  return { ...toCommonInput(values), kind: values.kind };
}

export function toUpdateInput(values: MonitorFormValues, version: number): UpdateMonitorInput {
  return { ...toCommonInput(values), version };
}
