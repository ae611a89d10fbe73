import type { Server } from 'node:http';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';

export interface ShutdownParts {
  readonly app: NestFastifyApplication;
  /** Closes every WebSocket (1001) and resolves when they are gone. */
  readonly closeSockets: () => Promise<void>;
  /** What must outlive HTTP and the modules: Postgres. */
  readonly closeLast: () => Promise<void>;
  readonly log: (message: string) => void;
  readonly exit: (code: number) => void;
  /** After this the process ends whatever is still open. */
  readonly deadlineMs?: number;
}

const DEADLINE_MS = 10_000;
/** The share of the deadline that requests in flight get before their connections are cut. */
const REQUEST_SHARE = 0.5;
/** A terminal signals the whole group and npm forwards it once more: two within this are one Ctrl-C. */
const SAME_SIGNAL_MS = 700;
const SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * Stops the hub in order: no new connections, sockets told to go, requests in flight finished, modules
 * closed, Postgres last. Returns the function that does so; signals call it too, a second one ends at once.
 */
export function installShutdown(parts: ShutdownParts): (exitCode: number) => Promise<void> {
  let stoppingSince: number | undefined;
  const stop = async (exitCode: number): Promise<void> => {
    if (stoppingSince !== undefined) return;
    stoppingSince = Date.now();
    const deadlineMs = parts.deadlineMs ?? DEADLINE_MS;
    const deadline = setTimeout(() => {
      parts.log(`still not stopped after ${deadlineMs / 1000} s: ending now`);
      parts.exit(exitCode === 0 ? 1 : exitCode);
    }, deadlineMs).unref();
    try {
      await closeDoors(parts, deadlineMs * REQUEST_SHARE);
      await parts.app.close();
      await parts.closeLast();
    } catch (error) {
      parts.log(`stopping failed: ${error instanceof Error ? error.message : String(error)}`);
      parts.exit(exitCode === 0 ? 1 : exitCode);
      return;
    }
    clearTimeout(deadline);
    for (const signal of SIGNALS) process.off(signal, onSignal);
    parts.exit(exitCode);
  };
  const onSignal = (): void => {
    if (stoppingSince === undefined) {
      parts.log('stopping (Ctrl-C once more ends at once)');
      void stop(0);
    } else if (Date.now() - stoppingSince > SAME_SIGNAL_MS) {
      parts.exit(130);
    }
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return stop;
}

async function closeDoors(parts: ShutdownParts, requestMs: number): Promise<void> {
  const server = parts.app.getHttpServer() as Server;
  const cut = setTimeout(() => server.closeAllConnections(), requestMs);
  // Fastify stops listening, answers 503 on open connections and waits for the requests in flight.
  const closeHttp = parts.app.getHttpAdapter().getInstance().close() as Promise<unknown>;
  try {
    await Promise.all([closeHttp, parts.closeSockets()]);
  } finally {
    clearTimeout(cut);
  }
}
