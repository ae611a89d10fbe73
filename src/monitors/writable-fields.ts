import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { HUB_CONFIG, type HubConfig } from '../config/hub-config.js';
import { DomainError } from '../core/errors.js';
import { RESOURCES } from '../core/model/metric-catalog.js';
import { EndpointSettings } from './forwarding/endpoint-settings.js';
import type { Monitor } from './monitor.entity.js';
import type { CreateMonitorInput, MonitorFields, UpdateMonitorInput } from './monitor.input.js';
import { changeRetention, checkRetention } from './retention/check-retention.js';

const DEFAULT_INTERVAL_SECONDS = 10;

/** Puts what a user gives into a monitor, after the rules that look at more than one field. */
@Injectable()
export class WritableFields {
  constructor(
    private readonly endpoints: EndpointSettings,
    @Inject(HUB_CONFIG) private readonly config: Pick<HubConfig, 'retention'>,
  ) {}

  /** The fields of a new monitor, with its id. @throws DomainError `invalid_input`, `not_available_yet` */
  fill(input: CreateMonitorInput): Partial<Monitor> {
    refuseUnbuiltFields(input);
    // Known before its row: the endpoint's key is sealed for it.
    const endpoint = { id: randomUUID() as string, endpointUrl: null, endpointApiKey: null };
    this.endpoints.change(endpoint, input.endpointUrl, input.endpointApiKey);
    return {
      ...endpoint,
      name: input.name,
      description: input.description ?? null,
      tags: input.tags ?? [],
      intervalSeconds: input.intervalSeconds ?? DEFAULT_INTERVAL_SECONDS,
      resources: input.resources ?? [...RESOURCES],
      retention: checkRetention(input.retention ?? {}, this.config.retention),
    };
  }

  /** Absent = keep, null = clear. @throws DomainError `invalid_input` */
  apply(input: UpdateMonitorInput, monitor: Monitor): void {
    if (input.name !== undefined) monitor.name = input.name;
    if (input.description !== undefined) monitor.description = input.description;
    if (input.tags !== undefined) monitor.tags = input.tags ?? [];
    if (input.intervalSeconds !== undefined) monitor.intervalSeconds = input.intervalSeconds;
    if (input.resources !== undefined) monitor.resources = input.resources;
    this.endpoints.change(monitor, input.endpointUrl, input.endpointApiKey);
    if (input.retention !== undefined)
      monitor.retention = changeRetention(monitor.retention, input.retention ?? {}, this.config.retention);
  }
}

const UNBUILT_FIELDS = ['thresholds'] as const;

/** A field whose feature does not exist is refused, never accepted and ignored. */
export function refuseUnbuiltFields(input: MonitorFields): void {
  for (const field of UNBUILT_FIELDS) {
    if (input[field] !== undefined) {
      throw new DomainError('not_available_yet', `${field} is not available yet. Leave it out.`, field);
    }
  }
}
