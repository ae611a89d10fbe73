/**
 * Who may hold how many connections at once. The embedded cluster grants MAX_CONNECTIONS, an external one must
 * grant at least the sum without `superuser`.
 */
export const CONNECTION_BUDGET = {
  /** INGEST_POOL: group commits. */
  ingest: 10,
  /** QUERY_POOL: what pages ask. */
  query: 5,
  /** TypeORM: management, migrations. */
  orm: 5,
  /** The active hub's advisory lock. */
  lock: 1,
  /** A second hub that waits as standby. */
  standby: 2,
  /** Kept back by Postgres (`superuser_reserved_connections`): the supervisor still gets in when all else is taken. */
  superuser: 3,
} as const;

export const MAX_CONNECTIONS = 30;

/** Only names the socket file (`.s.PGSQL.5432`): the cluster does not listen on TCP. */
export const SOCKET_PORT = 5432;

/** Longest path of a Unix socket on Linux, in bytes. */
export const MAX_SOCKET_PATH_BYTES = 107;

const SETTINGS: Record<string, string> = {
  listen_addresses: '',
  unix_socket_permissions: '0700',
  password_encryption: 'scram-sha-256',
  // An acknowledged report survives power loss: said here so that no file in the cluster can say otherwise.
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  max_connections: String(MAX_CONNECTIONS),
  superuser_reserved_connections: String(CONNECTION_BUDGET.superuser),
  shared_buffers: '32MB',
  maintenance_work_mem: '32MB',
  effective_cache_size: '256MB',
  io_method: 'sync',
  max_worker_processes: '2',
  max_parallel_workers_per_gather: '0',
  max_logical_replication_workers: '0',
  wal_level: 'minimal',
  max_wal_senders: '0',
  jit: 'off',
  autovacuum_max_workers: '2',
  // The background writers wake only for work that can wait: commits flush their own WAL.
  bgwriter_delay: '2s',
  wal_writer_delay: '2s',
  log_checkpoints: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  lc_messages: 'C',
  datestyle: 'ISO',
};

/** Arguments of `postgres`. Given on the command line they win over every file in the cluster, `ALTER SYSTEM` included. */
export function buildPostgresArguments(clusterDir: string, socketDir: string): string[] {
  // The setting is a list: quotes keep a comma or a blank of the path.
  const socketList = `"${socketDir.replaceAll('"', '""')}"`;
  const settings = Object.entries({ ...SETTINGS, unix_socket_directories: socketList });
  return [
    '-D',
    clusterDir,
    '-p',
    String(SOCKET_PORT),
    ...settings.flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ];
}
