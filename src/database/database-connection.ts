import type { ConnectionOptions } from 'node:tls';

/** How to reach the database: fits `pg` as it is; embedded and external look the same from here on. */
export interface DatabaseConnection {
  /** A name, an address, or the folder of a Unix socket. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password?: string;
  readonly database: string;
  readonly ssl?: boolean | ConnectionOptions;
  /** Settings sent at the start of a session, as in `?options=-c search_path=…`. */
  readonly options?: string;
  /** What the database's own lists call this connection. */
  readonly application_name?: string;
}
