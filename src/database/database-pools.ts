/** Token of the `pg.Pool` for group commits of reports: nothing else may use up its connections. */
export const INGEST_POOL = Symbol('INGEST_POOL');

/** Token of the folder of the embedded cluster; null where Postgres is external. */
export const DATABASE_FOLDER = Symbol('DATABASE_FOLDER');

/** Token of the `pg.Pool` for what pages ask: a statement is cut after 5 s. */
export const QUERY_POOL = Symbol('QUERY_POOL');

/** Token of a function that tells how often the embedded Postgres had to be started again; 0 where Postgres is external. */
export const POSTGRES_RESTARTS = Symbol('POSTGRES_RESTARTS');
