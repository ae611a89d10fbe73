import { setTimeout as sleep } from 'node:timers/promises';
import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import type { Pool } from 'pg';
import { QUERY_POOL } from '../database/database-pools.js';
import { EventBus } from '../events/event-bus.js';
import { EndpointSettings } from '../monitors/forwarding/endpoint-settings.js';
import { ForwardingBoard } from '../monitors/forwarding/forwarding-board.js';
import { GroupCommit } from '../storage/group-commit.js';
import { Outbox } from '../storage/outbox.js';
import { type ForwardingSummary, summarizeLanes } from './forwarding-summary.js';
import { Lane } from './lane.js';
import { LaneRunner } from './lane-runner.js';
import { MAX_QUEUED_BYTES, MAX_QUEUED_REPORTS } from './limits.js';
import { ServerGate } from './server-gate.js';

/** Requests under way, to all servers together. */
const AT_ONCE = 32;
const RELOAD_AFTER_MS = 5_000;
/** Between two statements that let reports go. */
const MAX_REST_MS = 100;

interface SettingsRow {
  id: string;
  endpoint_url: string | null;
  endpoint_api_key: Buffer | null;
  last_sent_at: Date | null;
  dropped: string | null;
}

/**
 * Sends the reports of monitors with an endpoint on, from what their commits put into the outbox. A monitor's reports
 * go one batch after the other in the order of their instants; a server that is away holds up nobody else.
 */
@Injectable()
export class Forwarder implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(Forwarder.name);
  private readonly lanes = new Map<string, Lane>();
  private readonly gates = new Map<string, ServerGate>();
  /** Lanes that want to send now, in the order in which they asked. */
  private readonly ready = new Set<Lane>();
  private readonly running = new Set<Promise<unknown>>();
  /** Lanes that have something to let go. */
  private readonly overfull = new Set<Lane>();
  private isTrimming = false;
  /** One after the other, so that an older reading never wins. */
  private reloads: Promise<void> = Promise.resolve();
  private sendingCount = 0;
  private isClosing = false;

  constructor(
    @Inject(QUERY_POOL) private readonly pool: Pool,
    private readonly outbox: Outbox,
    private readonly endpoints: EndpointSettings,
    private readonly groupCommit: GroupCommit,
    private readonly events: EventBus,
    private readonly runner: LaneRunner,
    board: ForwardingBoard,
  ) {
    board.provide((monitorId) => this.lanes.get(monitorId)?.present(Date.now()) ?? null);
    events.on('report.stored', ({ monitorId, reports }) => {
      const lane = this.lanes.get(monitorId);
      if (!lane) return;
      const bytes = reports.reduce((sum, report) => sum + report.values.byteLength, 0);
      lane.noteQueued(reports.length, bytes, Date.now());
      this.ask(lane);
    });
    events.on('monitor.created', ({ monitorId }) => this.reloadSoon(monitorId));
    events.on('monitor.changed', ({ monitorId }) => this.reloadSoon(monitorId));
    events.on('monitor.deleted', ({ monitorId }) => this.reloadSoon(monitorId));
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.outbox.clearOrphans();
    // Opened first: of what comes in meanwhile each lane is told.
    for (const row of await this.readSettings(null)) this.open(row);
    const sizes = await this.outbox.measureAll();
    for (const lane of this.lanes.values()) {
      const size = sizes.get(lane.monitorId);
      if (size) lane.setSize(size, { count: 0, bytes: 0 });
      this.ask(lane);
    }
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.isClosing = true;
    for (const lane of this.lanes.values()) lane.close();
    await Promise.allSettled(this.running);
  }

  /** Somebody has mended the far side: what waits is tried at once. */
  retry(monitorId: string): void {
    const lane = this.lanes.get(monitorId);
    if (!lane) return;
    clearTimeout(lane.timer);
    lane.timer = undefined;
    lane.isRefused = lane.endpoint.isKeyUnreadable;
    this.gateOf(lane).reset();
    this.ask(lane);
  }

  /** How it stands with all of it. @param now epoch milliseconds */
  summarize(now: number): ForwardingSummary {
    return summarizeLanes(this.lanes.values(), this.gates.values(), now);
  }

  private ask(lane: Lane): void {
    this.trim(lane);
    if (lane.queued === 0 || lane.isInFlight || lane.isRefused || lane.timer || this.isClosing) return;
    this.ready.add(lane);
    this.pump();
  }

  /** Starts whatever may go now; what may not is asked again when its server is. */
  private pump(): void {
    const now = Date.now();
    for (const lane of this.ready) {
      if (this.sendingCount >= AT_ONCE) return;
      const waitMs = this.gateOf(lane).waitMs(now);
      if (waitMs === Infinity) continue;
      this.ready.delete(lane);
      if (waitMs === 0) this.start(lane);
      else this.hold(lane, waitMs);
    }
  }

  /** The server does not answer others either. */
  private hold(lane: Lane, waitMs: number): void {
    const { fault } = this.gateOf(lane);
    if (fault && lane.failures === 0) {
      lane.failures = 1;
      lane.noteError(fault.code, fault.message, Date.now());
      this.events.announce('monitor.statusChanged', { monitorId: lane.monitorId });
    }
    this.askAfter(lane, waitMs);
  }

  private start(lane: Lane): void {
    const gate = this.gateOf(lane);
    lane.isInFlight = true;
    this.sendingCount++;
    gate.enter();
    this.track(
      this.runner.run(lane, gate).then((waitMs) => {
        gate.leave();
        this.sendingCount--;
        lane.isInFlight = false;
        if (this.lanes.get(lane.monitorId) === lane) {
          if (waitMs > 0) this.askAfter(lane, waitMs);
          else this.ask(lane);
        } else {
          // The endpoint was set anew meanwhile: now the new one's turn begins.
          const next = this.lanes.get(lane.monitorId);
          if (next) this.remeasure(next);
        }
        this.pump();
      }),
    );
  }

  private askAfter(lane: Lane, waitMs: number): void {
    if (this.isClosing) return;
    lane.timer = setTimeout(() => {
      lane.timer = undefined;
      this.ask(lane);
    }, waitMs);
  }

  private trim(lane: Lane): void {
    if (!isOverfull(lane) || this.isClosing) return;
    this.overfull.add(lane);
    if (!this.isTrimming) this.track(this.trimAll());
  }

  /** One lane after the other, and half of the time none: where all are full at once, reports that come in wait for no crowd. */
  private async trimAll(): Promise<void> {
    this.isTrimming = true;
    // What is added meanwhile has its turn too.
    for (const lane of this.overfull) {
      this.overfull.delete(lane);
      if (this.isClosing || this.lanes.get(lane.monitorId) !== lane) continue;
      const begunAt = performance.now();
      const isDone = await this.runner.trim(lane);
      // More than was let go, or than came in meanwhile.
      if (isDone && isOverfull(lane)) this.overfull.add(lane);
      await sleep(Math.min(MAX_REST_MS, performance.now() - begunAt));
    }
    this.isTrimming = false;
  }

  private gateOf(lane: Lane): ServerGate {
    let gate = this.gates.get(lane.server);
    if (!gate) this.gates.set(lane.server, (gate = new ServerGate()));
    return gate;
  }

  private reloadSoon(monitorId: string): void {
    if (this.isClosing) return;
    this.reloads = this.reloads.then(() =>
      this.reload(monitorId).catch((error: Error) => {
        this.logger.warn(`the endpoint of a monitor could not be read, again in a moment: ${error.message}`);
        if (!this.isClosing) setTimeout(() => this.reloadSoon(monitorId), RELOAD_AFTER_MS).unref();
      }),
    );
    this.track(this.reloads);
  }

  /** Takes a monitor's settings as they are now. */
  private async reload(monitorId: string): Promise<void> {
    const before = this.lanes.get(monitorId);
    const [row] = await this.readSettings(monitorId);
    if (!row) {
      if (!before) return;
      before.close();
      this.lanes.delete(monitorId);
      this.ready.delete(before);
      this.dropIdleGates();
      // What was on its way is stored or refused first, then all of it goes.
      await this.groupCommit.drain();
      await this.outbox.clear(monitorId);
      return;
    }
    if (before?.fingerprint === fingerprintOf(row)) return;
    const lane = this.open(row);
    if (!lane) return;
    if (before) {
      before.close();
      this.ready.delete(before);
      lane.inherit(before);
      this.dropIdleGates();
    }
    // Reports that were stored since the settings were: nobody has counted them.
    if (!before?.isInFlight) this.remeasure(lane);
    this.events.announce('monitor.statusChanged', { monitorId });
  }

  private remeasure(lane: Lane): void {
    this.track(this.runner.measure(lane).then(() => this.ask(lane)));
  }

  private open(row: SettingsRow): Lane | undefined {
    const endpoint = this.endpoints.open({
      id: row.id,
      endpointUrl: row.endpoint_url,
      endpointApiKey: row.endpoint_api_key,
    });
    if (!endpoint) return undefined;
    const lane = new Lane(row.id, endpoint, fingerprintOf(row));
    lane.lastSentAt = row.last_sent_at;
    lane.dropped = Number(row.dropped ?? 0);
    if (endpoint.isKeyUnreadable) {
      lane.isRefused = true;
      lane.noteError('key_unreadable', 'The key cannot be read any more. Enter it again.', Date.now());
    }
    this.lanes.set(row.id, lane);
    return lane;
  }

  private dropIdleGates(): void {
    const used = new Set([...this.lanes.values()].map((lane) => lane.server));
    for (const server of this.gates.keys()) if (!used.has(server)) this.gates.delete(server);
  }

  /** @param monitorId null: of all */
  private async readSettings(monitorId: string | null): Promise<SettingsRow[]> {
    const { rows } = await this.pool.query<SettingsRow>(
      `select monitor.id, endpoint_url, endpoint_api_key, last_sent_at, dropped
       from monitor left join forwarding on monitor_id = monitor.id
       where endpoint_url is not null and ($1::uuid is null or monitor.id = $1)`,
      [monitorId],
    );
    return rows;
  }

  private track(work: Promise<unknown>): void {
    const running = work.finally(() => this.running.delete(running));
    this.running.add(running);
  }
}

const fingerprintOf = ({ endpoint_url: url, endpoint_api_key: key }: SettingsRow): string =>
  `${url} ${key?.toString('base64') ?? ''}`;

const isOverfull = (lane: Lane): boolean => lane.queued > MAX_QUEUED_REPORTS || lane.bytes > MAX_QUEUED_BYTES;
