import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { Inject, Injectable } from '@nestjs/common';
import type { Pool } from 'pg';
import { Outbound } from '../common/outbound/outbound.js';
import { OutboundError } from '../common/outbound/outbound-error.js';
import { type MachineTexts, writeReport } from '../core/model/write-report.js';
import { QUERY_POOL } from '../database/database-pools.js';
import { VIA_HEADER } from '../common/via.js';
import type { Endpoint } from '../monitors/forwarding/endpoint-settings.js';
import { HubIdentity } from '../storage/hub-identity.js';
import { Outbox, type OutboxItem } from '../storage/outbox.js';
import { describeFault } from './describe-fault.js';
import { judgeAnswer, type Verdict } from './judge-answer.js';

/** A hub takes 1 MiB on the wire, and packed ones of at most 8 MiB; not every webhook takes as much. */
const MAX_BODY_BYTES = 512 * 1024;
const GZIP_FROM_BYTES = 2_048;
const TIMEOUT_MS = 15_000;
const MAX_ANSWER_BYTES = 64 * 1024;

const pack = promisify(gzip);

export interface Batch {
  readonly items: readonly OutboxItem[];
  readonly body: string;
}

/** Reads what waits, writes it as reports, and sends it. */
@Injectable()
export class Delivery {
  constructor(
    @Inject(QUERY_POOL) private readonly pool: Pool,
    private readonly outbox: Outbox,
    private readonly outbound: Outbound,
    private readonly identity: HubIdentity,
  ) {}

  /** The next reports of a monitor, in the order of their instants and all by the same way; undefined: none waits. */
  async prepare(monitorId: string, most: number): Promise<Batch | undefined> {
    const [items, machine] = await Promise.all([
      this.outbox.read(monitorId, most),
      this.readMachine(monitorId),
    ]);
    if (items.length === 0) return undefined;
    const texts: string[] = [];
    let bytes = 0;
    for (const { report, via } of items) {
      if (via !== items[0]!.via) break;
      const text = JSON.stringify(writeReport(report, machine));
      bytes += Buffer.byteLength(text) + 1;
      if (texts.length > 0 && bytes > MAX_BODY_BYTES) break;
      texts.push(text);
    }
    return { items: items.slice(0, texts.length), body: `{"reports":[${texts.join(',')}]}` };
  }

  /** @param isPacked the far side is known to unpack */
  async send(endpoint: Endpoint, batch: Batch, isPacked: boolean, signal: AbortSignal): Promise<Verdict> {
    const { via } = batch.items[0]!;
    const isWorthIt = isPacked && batch.body.length >= GZIP_FROM_BYTES;
    try {
      const answer = await this.outbound.request({
        url: endpoint.url,
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'user-agent': 'Watchkeeper',
          [VIA_HEADER]: via === '' ? this.identity.id : `${via},${this.identity.id}`,
          ...(endpoint.key !== undefined && { 'x-api-key': endpoint.key }),
          ...(isWorthIt && { 'content-encoding': 'gzip' }),
        },
        body: isWorthIt ? await pack(batch.body) : batch.body,
        timeoutMs: TIMEOUT_MS,
        maxAnswerBytes: MAX_ANSWER_BYTES,
        answer: 'start',
        signal,
      });
      return judgeAnswer(answer, batch.items.length, Date.now());
    } catch (error) {
      if (error instanceof OutboundError) return judgeFault(error, endpoint.url);
      throw error;
    }
  }

  private async readMachine(monitorId: string): Promise<MachineTexts> {
    const { rows } = await this.pool.query<{ inventory: MachineTexts }>(
      'select inventory from monitor where id = $1',
      [monitorId],
    );
    const { host, devices } = rows[0]?.inventory ?? {};
    return { host, ...(devices && { devices }) };
  }
}

function judgeFault(error: OutboundError, url: string): Verdict {
  const said = describeFault(error, url);
  if (error.isPermanent) return { way: 'refused', ...said };
  return { way: 'retry', ...said, afterMs: 0, isUnheard: true };
}
