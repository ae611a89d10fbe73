import type { IncomingHttpHeaders } from 'node:http';
import type { WebSocket } from 'ws';
import { mayOnMonitor } from '../auth/rights.js';
import type { UserPrincipal } from '../common/principal.js';

export const MAX_SOCKETS_PER_USER = 10;
const PING_EVERY_MS = 25_000;
const MAX_BUFFERED_BYTES = 1024 * 1024;
const MAX_SLOW_MS = 30_000;
/** Soon after opening, as the session may have ended while the socket opened; then now and then. */
const FIRST_RECHECK_MS = 2_000;
const RECHECK_EVERY_MS = 30_000;

export interface OpenSocket {
  readonly socket: WebSocket;
  readonly principal: UserPrincipal;
  /** Of the upgrade: the session is looked up again by them. */
  readonly headers: IncomingHttpHeaders;
  isAlive: boolean;
  pingAt: number;
  recheckAt: number;
  slowSince: number | undefined;
}

/** The sockets that are open: who has how many, which are dead, slow or due for another look at their session. */
export class OpenSockets {
  private readonly sockets = new Set<OpenSocket>();
  private readonly countByUser = new Map<string, number>();

  hasRoomFor(userId: string): boolean {
    return (this.countByUser.get(userId) ?? 0) < MAX_SOCKETS_PER_USER;
  }

  add(socket: WebSocket, principal: UserPrincipal, headers: IncomingHttpHeaders, now: number): void {
    const open: OpenSocket = {
      socket,
      principal,
      headers,
      isAlive: true,
      pingAt: now + PING_EVERY_MS,
      recheckAt: now + FIRST_RECHECK_MS,
      slowSince: undefined,
    };
    this.sockets.add(open);
    this.count(principal.userId, 1);
    socket.on('pong', () => (open.isAlive = true));
    socket.once('close', () => {
      this.sockets.delete(open);
      this.count(principal.userId, -1);
    });
  }

  get size(): number {
    return this.sockets.size;
  }

  closeSession(sessionId: string): void {
    for (const { socket, principal } of this.sockets) {
      if (principal.sessionId === sessionId) socket.close(4403, 'Forbidden');
    }
  }

  /** Closes the sockets of these users, or of all but admins: what they showed may be theirs no longer. */
  closeUsers(userIds: readonly string[] | 'everyone'): void {
    for (const { socket, principal } of this.sockets) {
      const isMeant =
        userIds === 'everyone'
          ? !mayOnMonitor(principal.role, 'view', 'none')
          : userIds.includes(principal.userId);
      if (isMeant) socket.close(4403, 'Forbidden');
    }
  }

  /** Every session is due for a look with the next `tend`. */
  recheckAll(): void {
    for (const open of this.sockets) open.recheckAt = 0;
  }

  closeAll(code: number, reason: string): void {
    for (const { socket } of this.sockets) socket.close(code, reason);
  }

  terminateAll(): void {
    for (const { socket } of this.sockets) socket.terminate();
  }

  /** Pings, drops the dead and the slow; returns those whose session is due for a look. */
  tend(now: number): OpenSocket[] {
    const due: OpenSocket[] = [];
    for (const open of this.sockets) {
      if (isTooSlow(open, now) || !ping(open, now)) {
        open.socket.terminate();
      } else if (now >= open.recheckAt || now >= (open.principal.accessToken?.expiresAt ?? Infinity)) {
        open.recheckAt = now + RECHECK_EVERY_MS;
        due.push(open);
      }
    }
    return due;
  }

  private count(userId: string, change: number): void {
    const count = (this.countByUser.get(userId) ?? 0) + change;
    if (count > 0) this.countByUser.set(userId, count);
    else this.countByUser.delete(userId);
  }
}

function isTooSlow(open: OpenSocket, now: number): boolean {
  if (open.socket.bufferedAmount <= MAX_BUFFERED_BYTES) {
    open.slowSince = undefined;
    return false;
  }
  open.slowSince ??= now;
  return now - open.slowSince >= MAX_SLOW_MS;
}

/** False when the last ping was not answered. */
function ping(open: OpenSocket, now: number): boolean {
  if (now < open.pingAt) return true;
  if (!open.isAlive) return false;
  open.isAlive = false;
  open.pingAt = now + PING_EVERY_MS;
  open.socket.ping();
  return true;
}
