import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { ACTIVE_HUB_LOCK, LOCK_CLASS, tryAdvisoryLock } from './advisory-locks.js';
import type { DatabaseConnection } from './database-connection.js';
import { describeFault } from './describe-fault.js';
import { StartError } from './start-error.js';
import type { StartLog } from './start-log.js';

const RETRY_MS = 1_000;

/**
 * One active hub per database: a session's advisory lock on a connection of its own, so that it ends with the hub,
 * however the hub ends.
 *
 * When that connection is lost, the lock is taken again at once; only if another hub has it by then is the lock
 * lost for good and `onLost` called: the hub must then end. A hub that left at every cut connection would go down
 * with each restart of Postgres; and while two hubs might both believe to be active, for less than a standby's
 * retry, nothing breaks: whatever is stored has a unique key.
 */
export class ActiveHubLock {
  private client?: Client;
  private backendPid = 0;
  private isReleased = false;

  constructor(
    private readonly connection: DatabaseConnection,
    private readonly log: StartLog,
    private readonly onLost: () => void,
  ) {}

  /** Waits as standby while another hub is active, through restarts of Postgres too. Rejects when `signal` aborts. */
  async acquire(signal?: AbortSignal): Promise<void> {
    let announced = '';
    for (;;) {
      const obstacle = await this.tryLock().then(
        (isTaken) => (isTaken ? undefined : 'another hub is active on this database'),
        (error) => `the active-hub lock cannot be asked for (${describeFault(error)})`,
      );
      if (obstacle === undefined) break;
      if (obstacle !== announced) this.log.info(`${obstacle}: waiting as standby, ready to take over`);
      announced = obstacle;
      await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined);
      if (signal?.aborted) {
        await this.release();
        throw new StartError('stopped while waiting as standby', 0);
      }
    }
    if (announced) this.log.info('this hub is active now');
  }

  /** From now on the end of the connection is wanted: Postgres is about to be stopped. */
  expectEnd(): void {
    this.isReleased = true;
  }

  async release(): Promise<void> {
    this.isReleased = true;
    await this.client?.end().catch(() => undefined);
    this.client = undefined;
  }

  private async tryLock(): Promise<boolean> {
    const client = this.client ?? (await this.connect());
    const isTaken = await tryAdvisoryLock(client, ACTIVE_HUB_LOCK);
    if (isTaken) {
      const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      this.backendPid = rows[0]?.pid ?? 0;
      client.once('end', () => {
        if (!this.isReleased) void this.retake();
      });
    }
    return isTaken;
  }

  private async connect(): Promise<Client> {
    const client = new Client({
      ...this.connection,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      connectionTimeoutMillis: 5_000,
    });
    // Without a listener Node ends the process; `end` follows and is what counts.
    client.on('error', () => undefined);
    client.once('end', () => {
      if (this.client === client) this.client = undefined;
    });
    await client.connect();
    // A hub that vanished with its machine frees the lock after about 25 s (TCP; no effect on a socket).
    await client.query(
      'SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3',
    );
    this.client = client;
    return client;
  }

  private async retake(): Promise<void> {
    this.log.warn('the connection that holds the active-hub lock was cut: taking the lock again');
    while (!this.isReleased) {
      try {
        if (await this.tryLock()) this.log.info('the active-hub lock is held again');
        else if (await this.endOwnOldSession()) continue;
        else this.onLost();
        return;
      } catch (error) {
        this.log.warn(`the active-hub lock cannot be asked for now: ${describeFault(error)}`);
        await sleep(RETRY_MS);
      }
    }
  }

  /** Postgres may not have noticed yet that our old connection is gone: then it is we who still hold the lock. */
  private async endOwnOldSession(): Promise<boolean> {
    const result = await this.client?.query(
      `SELECT pg_terminate_backend(pid, 1000) FROM pg_locks
        WHERE locktype = 'advisory' AND classid = $1 AND objid = $2 AND granted AND pid = $3`,
      [LOCK_CLASS, ACTIVE_HUB_LOCK, this.backendPid],
    );
    return (result?.rowCount ?? 0) > 0;
  }
}
