import { Injectable } from '@nestjs/common';
import { Outbound } from '../../common/outbound/outbound.js';
import { OutboundError } from '../../common/outbound/outbound-error.js';
import { type SealedColumn, SealedColumns } from '../../common/secret-box/sealed-columns.js';
import { DomainError } from '../../core/errors.js';
import type { Monitor } from '../monitor.entity.js';

/** Where a monitor's reports go on to. */
export interface Endpoint {
  readonly url: string;
  /** Undefined: none was set. */
  readonly key: string | undefined;
  /** A key was set, and no key file of the hub opens it. */
  readonly isKeyUnreadable: boolean;
}

type EndpointFields = Pick<Monitor, 'id' | 'endpointUrl' | 'endpointApiKey'>;

/** The endpoint of a monitor as it is set: checked, its key sealed. */
@Injectable()
export class EndpointSettings {
  private readonly column: SealedColumn;

  constructor(
    private readonly outbound: Outbound,
    columns: SealedColumns,
  ) {
    this.column = columns.declare('monitor', 'endpoint_api_key');
  }

  /**
   * Sets what is given; undefined keeps. A key belongs to the server it was given for: with another scheme, host or
   * port it goes, unless it is sent again.
   * @throws DomainError `invalid_input`
   */
  change(monitor: EndpointFields, url: string | null | undefined, key: string | null | undefined): void {
    if (url !== undefined) {
      const before = monitor.endpointUrl;
      monitor.endpointUrl = url === null ? null : this.check(url);
      if (!isSameServer(before, monitor.endpointUrl)) monitor.endpointApiKey = null;
    }
    if (key === undefined) return;
    if (key !== null && monitor.endpointUrl === null)
      throw new DomainError(
        'invalid_input',
        'A key without an address: set endpointUrl too.',
        'endpointApiKey',
      );
    monitor.endpointApiKey = key === null ? null : this.column.seal(monitor.id, key);
  }

  open({ id, endpointUrl, endpointApiKey }: EndpointFields): Endpoint | undefined {
    if (endpointUrl === null) return undefined;
    const key = endpointApiKey === null ? undefined : this.column.open(id, endpointApiKey);
    return { url: endpointUrl, key, isKeyUnreadable: endpointApiKey !== null && key === undefined };
  }

  private check(url: string): string {
    try {
      this.outbound.checkUrl(url);
      return new URL(url).href;
    } catch (error) {
      if (!(error instanceof OutboundError)) throw error;
      throw new DomainError('invalid_input', `${error.message}.`, 'endpointUrl');
    }
  }
}

function isSameServer(one: string | null, other: string | null): boolean {
  return one !== null && other !== null && new URL(one).origin === new URL(other).origin;
}
