import net from 'node:net';
import { createApiKeyText } from '../../../src/auth/api-key-format.js';
import { describeVisitor, type FloodTarget } from './hostile-upgrades.js';

/** What drips on a slow connection. */
export const SLOW_KINDS = ['headers', 'body with a good key', 'body with a bad key', 'nothing'] as const;
export type SlowKind = (typeof SLOW_KINDS)[number];

const BODY_BYTES = 1_000;
const TICK_MS = 20;

export interface SlowPlan {
  readonly count: number;
  /** Each connection sends a byte this often, milliseconds; one that was closed is opened anew then. */
  readonly everyMs: number;
  readonly kinds?: readonly SlowKind[];
}

/** Connections that are held open: each sends a byte now and then, and none ever a whole request. */
export class SlowConnections {
  /** How often each kind was answered how: `body with a bad key: 401`. A connection counts once a status. */
  readonly endings = new Map<string, number>();
  /** All that were opened, those that came in place of others included. */
  opened = 0;
  private readonly slots: (net.Socket | undefined)[];
  private readonly target: FloodTarget;
  private readonly plan: SlowPlan;
  private timer: NodeJS.Timeout | undefined;
  private next = 0;
  private owed = 0;

  constructor(target: FloodTarget, plan: SlowPlan) {
    this.target = target;
    this.plan = plan;
    this.slots = new Array<net.Socket | undefined>(plan.count).fill(undefined);
  }

  /** Those that are open now. */
  get openCount(): number {
    return this.slots.filter((socket) => socket?.readyState === 'open').length;
  }

  /** Opens them within `everyMs`, and goes on until `stop`. */
  start(): void {
    let before = performance.now();
    this.timer = setInterval(() => {
      const now = performance.now();
      this.owed += ((now - before) / this.plan.everyMs) * this.plan.count;
      before = now;
      for (let turns = Math.min(this.plan.count, Math.floor(this.owed)); turns > 0; turns--) this.serveNext();
      this.owed %= 1;
    }, TICK_MS);
  }

  stop(): void {
    clearInterval(this.timer);
    for (const socket of this.slots) socket?.destroy();
  }

  private serveNext(): void {
    const slot = this.next++ % this.plan.count;
    const socket = this.slots[slot];
    if (!socket || socket.destroyed) this.slots[slot] = this.open(slot);
    else if (socket.writable && !socket.connecting && this.kindOf(slot) !== 'nothing') socket.write('1');
  }

  private kindOf(slot: number): SlowKind {
    const { kinds = SLOW_KINDS } = this.plan;
    return kinds[slot % kinds.length]!;
  }

  private open(slot: number): net.Socket {
    const kind = this.kindOf(slot);
    const socket = net.connect(this.target.port, '127.0.0.1', () => {
      const start = writeStart(this.target, kind, slot);
      if (start !== '') socket.write(start);
    });
    this.opened++;
    socket.on('data', (chunk) => {
      for (const [, status] of chunk.toString('latin1').matchAll(/^HTTP\/1\.1 (\d{3}) /gm)) {
        const ending = `${kind}: ${status}`;
        this.endings.set(ending, (this.endings.get(ending) ?? 0) + 1);
      }
    });
    socket.on('error', () => undefined);
    return socket;
  }
}

function writeStart(target: FloodTarget, kind: SlowKind, slot: number): string {
  if (kind === 'nothing') return '';
  const visitor = describeVisitor(target, slot);
  const lines = [`Host: 127.0.0.1:${target.port}`, ...visitor];
  if (kind === 'headers') return ['GET / HTTP/1.1', ...lines, 'X-Slow: '].join('\r\n');
  const key =
    kind === 'body with a good key'
      ? target.goodKeys[slot % target.goodKeys.length]!
      : // Well-formed, and another one each time: only the table can tell.
        createApiKeyText();
  return `${[
    'POST /api/monitoring/data HTTP/1.1',
    ...lines,
    'Content-Type: application/json',
    `X-API-Key: ${key}`,
    `Content-Length: ${BODY_BYTES}`,
  ].join('\r\n')}\r\n\r\n`;
}
