import { createClient, type Client, type SubscribePayload } from 'graphql-ws';
import { liveSocketUrl } from '../routes.ts';
import { computeRetryWaitMs, waitForRetry } from './retry-wait.ts';

export type LiveState = 'idle' | 'connecting' | 'live' | 'reconnecting';

const PING_EVERY_MS = 10_000;
const PONG_WITHIN_MS = 5_000;
/** Long enough that the next page takes over the socket of the last. */
const CLOSE_AFTER_IDLE_MS = 3_000;
const REFUSED_RETRY_MS = 10_000;
const SESSION_CLOSE_CODES = new Set([4401, 4403]);

/** The one WebSocket of the page: opened by the first subscription, retried for ever. */
class LiveConnection {
  state = $state<LiveState>('idle');
  /** Grows with each new socket: whoever shows live values then asks for what was missed. */
  generation = $state(0);
  /** Asks the hub whether the session is over; the auth feature says how. It never rejects. */
  checkSession: () => Promise<void> = async () => {};
  #client: Client | undefined;
  #pongTimer: ReturnType<typeof setTimeout> | undefined;
  #wasLive = false;

  /** Data goes to `onData` until the returned stop is called; an answer without data is left out. */
  subscribe(payload: SubscribePayload, onData: (data: Record<string, unknown>) => void): () => void {
    let isStopped = false;
    let unsubscribe = () => {};
    const start = () => {
      unsubscribe = this.#getClient().subscribe(payload, {
        next: ({ data }) => {
          if (data) onData(data);
        },
        // The client gives up on some close codes and on a refused operation; a page that is looked
        // at never does. Most often it is the session that has ended: the check tells.
        error: async () => {
          await this.checkSession();
          await waitForRetry(REFUSED_RETRY_MS);
          if (!isStopped) start();
        },
        complete: () => {},
      });
    };
    start();
    return () => {
      isStopped = true;
      unsubscribe();
    };
  }

  close(): void {
    const client = this.#client;
    this.#client = undefined;
    this.#wasLive = false;
    this.state = 'idle';
    // It waits for a socket that may be on its way, and fails with it.
    void Promise.resolve(client?.dispose()).catch(() => {});
  }

  #getClient(): Client {
    this.#client ??= createClient({
      url: liveSocketUrl,
      lazy: true,
      lazyCloseTimeout: CLOSE_AFTER_IDLE_MS,
      keepAlive: PING_EVERY_MS,
      retryAttempts: Infinity,
      shouldRetry: () => true,
      retryWait: (retries) => waitForRetry(computeRetryWaitMs(retries, Math.random())),
      on: {
        connecting: () => (this.state = this.#wasLive ? 'reconnecting' : 'connecting'),
        connected: () => this.#noteConnected(),
        closed: (event) => this.#noteClosed(event as CloseEvent),
        ping: (received) => {
          if (!received) this.#pongTimer = setTimeout(() => this.#client?.terminate(), PONG_WITHIN_MS);
        },
        pong: (received) => {
          if (received) clearTimeout(this.#pongTimer);
        },
      },
    });
    return this.#client;
  }

  #noteConnected(): void {
    this.#wasLive = true;
    this.state = 'live';
    this.generation += 1;
  }

  #noteClosed(event: CloseEvent): void {
    clearTimeout(this.#pongTimer);
    if (!this.#client) return;
    const isOurOwn = event.code === 1000;
    this.state = isOurOwn ? 'idle' : 'reconnecting';
    this.#wasLive = !isOurOwn;
    // A refused upgrade looks like any lost connection; only a request tells that the session is over.
    if (SESSION_CLOSE_CODES.has(event.code) || event.code === 1006) void this.checkSession();
  }
}

export const liveConnection = new LiveConnection();
