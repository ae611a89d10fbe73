import { setTimeout as sleep } from 'node:timers/promises';
import { Client, type ClientConfig } from 'pg';
import { isActiveHubLockHeld } from './advisory-locks.js';
import { ensureAppDatabase } from './app-database.js';
import type { DatabaseConnection } from './database-connection.js';
import { describeFault } from './describe-fault.js';
import { locatePackage, prepareBinaries, type PostgresBinaries } from './postgres-binaries.js';
import { ensureCluster, type ClusterSecret } from './postgres-cluster.js';
import { trimLog } from './postgres-log-file.js';
import { preparePlace, type PostgresPlace } from './postgres-place.js';
import { SOCKET_PORT } from './postgres-settings.js';
import { isStartedAsNow, launchPostmaster, stopPostmaster, waitUntilAnswering } from './postmaster.js';
import { findPostmaster, removeStaleSocketLock } from './postmaster-pid-file.js';
import { isRunning, type ProcessIdentity } from './process-identity.js';
import { StartError } from './start-error.js';
import type { StartLog } from './start-log.js';

const WATCH_INTERVAL_MS = 1_000;
const LOG_TRIM_INTERVAL_MS = 60_000;
const MAX_REVIVE_DELAY_MS = 5_000;

export interface EmbeddedPostgresOptions {
  readonly dataDir: string;
  /** Holds what cannot lie in DATA_DIR, a folder for each DATA_DIR. */
  readonly systemRoot?: string;
  /** The npm package with the binaries. */
  readonly packageDir?: string;
}

/**
 * Keeps one Postgres cluster running for this hub: makes it, starts it or takes over the one that a killed hub left
 * running, starts it again when it dies, stops it when told. Nothing else stops it: no exit hook does.
 */
export class EmbeddedPostgres {
  private postmaster?: ProcessIdentity;
  /** Started by this hub; an adopted one may be in use by another. */
  private isOwnChild = false;
  private isWatching = true;
  private reviving?: Promise<void>;
  /** How often it had to be started again. */
  restartCount = 0;
  private readonly timers: NodeJS.Timeout[] = [];

  private constructor(
    readonly place: PostgresPlace,
    private readonly binaries: PostgresBinaries,
    private readonly secret: ClusterSecret,
    private readonly log: StartLog,
  ) {}

  static async start(options: EmbeddedPostgresOptions, log: StartLog): Promise<EmbeddedPostgres> {
    if (process.platform !== 'linux') {
      throw new StartError('the embedded Postgres runs on Linux only: set DATABASE_URL');
    }
    const place = await preparePlace(options.dataDir, options.systemRoot ?? '/var/lib/watchkeeper');
    const packageDir = options.packageDir ?? locatePackage();
    const { binaries, isCopied } = await prepareBinaries(packageDir, place.runAs, place.systemDir);
    const who = place.runAs ? `, as user ${place.runAs.name}` : '';
    if (place.homeDir === place.systemDir) log.info(`Postgres' data is in ${place.homeDir}${who}`);
    if (isCopied) log.info(`Postgres' binaries were copied to ${binaries.postgres}${who}`);
    const secret = await ensureCluster(place, binaries, log);
    const embedded = new EmbeddedPostgres(place, binaries, secret, log);
    await embedded.bringUp();
    try {
      await ensureAppDatabase(embedded.superuser, embedded.connection);
    } catch (error) {
      if (embedded.isOwnChild) await embedded.stop();
      throw new StartError(`cannot make the hub's database: ${describeFault(error)}`);
    }
    embedded.beginWatch();
    return embedded;
  }

  /** For all that the hub asks: owner of its database, no superuser. */
  get connection(): DatabaseConnection {
    const { socketDir } = this.place;
    const role = { user: 'watchkeeper', password: this.secret.app, database: 'watchkeeper' };
    return { host: socketDir, port: SOCKET_PORT, ...role, application_name: 'watchkeeper' };
  }

  get superuser(): ClientConfig {
    const { socketDir } = this.place;
    const role = { user: 'postgres', password: this.secret.superuser, database: 'postgres' };
    return { host: socketDir, port: SOCKET_PORT, ...role, application_name: 'watchkeeper-supervisor' };
  }

  /** Process id of the running Postgres; changes when it had to be started again. */
  get pid(): number | undefined {
    return this.postmaster?.pid;
  }

  /** Stops the cluster and waits until it is down. */
  async stop(): Promise<void> {
    await this.release();
    if (this.postmaster && isRunning(this.postmaster)) await stopPostmaster(this.postmaster);
  }

  /** Watches no longer and leaves the cluster running, for the other hub that uses it. */
  async release(): Promise<void> {
    this.isWatching = false;
    for (const timer of this.timers) clearInterval(timer);
    await this.reviving;
  }

  private async bringUp(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const found = await findPostmaster(this.place.clusterDir);
      if (found && (await this.adopt(found))) {
        this.postmaster = found;
        this.isOwnChild = false;
        return;
      }
      try {
        await removeStaleSocketLock(this.place.socketDir, this.place.clusterDir);
        this.postmaster = await launchPostmaster(this.place, this.binaries, this.superuser, this.log);
        this.isOwnChild = true;
        return;
      } catch (error) {
        // A standby hub of the same cluster may have been quicker: then its postmaster is taken.
        if (attempt === 3 || !(await findPostmaster(this.place.clusterDir))) throw error;
      }
    }
  }

  /** False: it was stopped, since it was started differently and no hub works with it. */
  private async adopt(found: ProcessIdentity): Promise<boolean> {
    const isFitting = await isStartedAsNow(found, this.place, this.binaries);
    try {
      if (isFitting) {
        await waitUntilAnswering(found, this.superuser, this.log);
        this.log.info(`Postgres is running already (process ${found.pid}): taken over`);
        return true;
      }
      if (await this.isUsedByActiveHub()) return true;
    } catch (error) {
      this.log.warn(`the running Postgres (process ${found.pid}) is of no use: ${describeFault(error)}`);
    }
    this.log.info(
      `stopping the Postgres that runs with other settings or does not answer (process ${found.pid})`,
    );
    await stopPostmaster(found);
    return false;
  }

  private async isUsedByActiveHub(): Promise<boolean> {
    const client = new Client({ ...this.superuser, connectionTimeoutMillis: 5_000 });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return await isActiveHubLockHeld(client);
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  private beginWatch(): void {
    const watch = setInterval(() => {
      if (this.postmaster && !isRunning(this.postmaster)) this.reviving ??= this.revive();
    }, WATCH_INTERVAL_MS);
    const trim = setInterval(() => {
      trimLog(this.place.logFile).catch((error) => {
        this.log.warn(`Postgres' log cannot be shortened: ${describeFault(error)}`);
      });
    }, LOG_TRIM_INTERVAL_MS);
    this.timers.push(watch, trim);
    for (const timer of this.timers) timer.unref();
  }

  private async revive(): Promise<void> {
    this.log.warn(`Postgres (process ${this.postmaster?.pid}) is gone: starting it again`);
    for (let delayMs = 250; this.isWatching; delayMs = Math.min(delayMs * 2, MAX_REVIVE_DELAY_MS)) {
      try {
        await this.bringUp();
        this.restartCount++;
        this.log.info(`Postgres runs again (process ${this.postmaster?.pid})`);
        break;
      } catch (error) {
        this.log.error(`Postgres cannot be started again: ${describeFault(error)}`);
        await sleep(delayMs);
      }
    }
    this.reviving = undefined;
  }
}
