import { Client } from 'pg';
import type { DatabaseConnection } from './database-connection.js';
import { EXIT_CONFIG, StartError } from './start-error.js';

const OWNER_URL = 'WATCHKEEPER_OWNER_DATABASE_URL';

/** What the role of the hub may do with a table; with any that is not named here: read, add, change and delete rows. */
const RIGHTS_ON_TABLES: Readonly<Record<string, string>> = {
  // Only added to. What is past its day leaves by a function of the owner.
  audit_entry: 'select, insert',
  migrations: 'select',
};
const RIGHTS_ON_OTHERS = 'select, insert, update, delete';

/** The tables of the schema without partitions, which are reached only by the whole, with the rights on each. */
const TABLES = `
  select relname as name, coalesce($1::jsonb ->> relname, $2) as rights
  from pg_class where relnamespace = current_schema()::regnamespace
    and relkind in ('r', 'p') and not relispartition and relowner = $3::regrole`;

/** What only the owner may do, as functions that run in its name. */
const FUNCTIONS = `
  select oid::regprocedure::text as signature from pg_proc
  where pronamespace = current_schema()::regnamespace and prosecdef and proowner = $1::regrole`;

interface Session {
  readonly role: string;
  readonly database: string;
  readonly schema: string | null;
  readonly server: string;
}

/**
 * Before the migrations: two roles on one database, of which that of the hub has no way to the other's rights.
 * @throws StartError (exit code 78) that says what to change
 */
export async function checkRoles(owner: DatabaseConnection, app: DatabaseConnection): Promise<void> {
  await withClients(owner, app, async (ownerClient, appClient) => {
    const ofOwner = await readSession(ownerClient);
    const ofApp = await readSession(appClient);
    if (ofOwner.role === ofApp.role) {
      refuse(`DATABASE_URL and ${OWNER_URL} have the same role, ${ofApp.role}: give the hub one of its own`);
    }
    if (ofOwner.database !== ofApp.database || ofOwner.server !== ofApp.server) {
      refuse(`DATABASE_URL and ${OWNER_URL} lead to two databases: give the same one with two roles`);
    }
    if (ofOwner.schema === null || (ofApp.schema !== null && ofOwner.schema !== ofApp.schema)) {
      refuse(
        `the role ${ofOwner.role} works in the schema ${ofOwner.schema ?? '(none)'} and ${ofApp.role} in ` +
          `${ofApp.schema ?? '(none)'}: set the same search_path for both`,
      );
    }
    const { rows } = await appClient.query<{ may_all: boolean; owned: string | null }>(
      `select pg_has_role(session_user, $1, 'member') or
              (select rolsuper or rolcreaterole from pg_roles where rolname = session_user) as may_all,
              (select min(relname) from pg_class
               where relnamespace = to_regnamespace($2) and relowner = (select oid from pg_roles where rolname = session_user)) as owned`,
      [ofOwner.role, ofOwner.schema],
    );
    if (rows[0]!.may_all) {
      refuse(
        `the role ${ofApp.role} of DATABASE_URL is a superuser, may make roles, or is a member of ${ofOwner.role}: ` +
          'give the hub a role that is none of it',
      );
    }
    if (rows[0]!.owned !== null) {
      refuse(
        `the role ${ofApp.role} of DATABASE_URL owns tables of the hub (${rows[0]!.owned}): as a superuser, in ` +
          `this database, run REASSIGN OWNED BY ${ofApp.role} TO ${ofOwner.role}`,
      );
    }
  });
}

/** After the migrations: the role of the hub gets what it needs and loses what it does not, all at once. */
export async function grantToApp(owner: DatabaseConnection, app: DatabaseConnection): Promise<void> {
  await withClients(owner, app, async (ownerClient, appClient) => {
    const { role: appRole } = await readSession(appClient);
    const { role: ownerRole, schema, database } = await readSession(ownerClient);
    const app = ownerClient.escapeIdentifier(appRole);
    const inSchema = ownerClient.escapeIdentifier(schema!);
    const { rows: tables } = await ownerClient.query<{ name: string; rights: string }>(TABLES, [
      JSON.stringify(RIGHTS_ON_TABLES),
      RIGHTS_ON_OTHERS,
      ownerClient.escapeIdentifier(ownerRole),
    ]);
    const { rows: functions } = await ownerClient.query<{ signature: string }>(FUNCTIONS, [
      ownerClient.escapeIdentifier(ownerRole),
    ]);
    const statements = [
      ...tables.flatMap(({ name, rights }) => {
        const table = `${inSchema}.${ownerClient.escapeIdentifier(name)}`;
        return [`revoke all on ${table} from ${app}`, `grant ${rights} on ${table} to ${app}`];
      }),
      ...functions.map(({ signature }) => `grant execute on function ${signature} to ${app}`),
    ];
    if (await mayGive(ownerClient, 'pg_namespace', 'nspowner', 'nspname', schema!)) {
      statements.push(
        `revoke create on schema ${inSchema} from public, ${app}`,
        `grant usage on schema ${inSchema} to ${app}`,
      );
    }
    if (await mayGive(ownerClient, 'pg_database', 'datdba', 'datname', database)) {
      const inDatabase = ownerClient.escapeIdentifier(database);
      // With temporary tables goes a schema in which anybody may make functions.
      statements.push(`revoke create, temporary on database ${inDatabase} from public, ${app}`);
    }
    await ownerClient.query(['begin', ...statements, 'commit'].join(';\n'));
  });
  await checkLimits(app);
}

/** What the owner could not take away because somebody else gave it. */
async function checkLimits(app: DatabaseConnection): Promise<void> {
  await withClient(app, async (client) => {
    const { rows } = await client.query<{ role: string; schema: string | null; may_create: boolean }>(
      `select session_user as role, current_schema() as schema,
              coalesce(has_schema_privilege(current_schema(), 'create'), false) as may_create`,
    );
    const { role, schema, may_create: mayCreate } = rows[0]!;
    if (mayCreate) {
      refuse(
        `the role ${role} of DATABASE_URL may make tables and functions in the schema ${schema}: as the owner of the ` +
          `schema run REVOKE CREATE ON SCHEMA ${schema} FROM PUBLIC, ${role}`,
      );
    }
  });
}

/**
 * At every start on an external Postgres, with one role or two: the role of DATABASE_URL may do all that the hub does.
 * @throws StartError (exit code 78) that names what is missing and how it is given
 */
export async function checkGrants(app: DatabaseConnection): Promise<void> {
  await withClient(app, async (client) => {
    const { rows } = await client.query<{ role: string; missing: string | null }>(
      `with wanted as (
         select 'table ' || relname as thing, pg_class.oid, wanted_right,
                has_table_privilege(pg_class.oid, wanted_right) as is_given
         from pg_class, unnest(string_to_array(coalesce($1::jsonb ->> relname, $2), ', ')) wanted_right
         where relnamespace = current_schema()::regnamespace
           and relkind in ('r', 'p') and not relispartition
         union all
         select 'function ' || proname, oid, 'execute', has_function_privilege(oid, 'execute')
         from pg_proc where pronamespace = current_schema()::regnamespace and prosecdef
       )
       select session_user as role,
              (select string_agg(wanted_right || ' on ' || thing, ', ' order by thing, wanted_right)
               from wanted where not is_given) as missing`,
      [JSON.stringify(RIGHTS_ON_TABLES), RIGHTS_ON_OTHERS],
    );
    const { role, missing } = rows[0]!;
    if (missing === null) return;
    const shown = missing.length > 300 ? `${missing.slice(0, 300)}…` : missing;
    refuse(
      `the role ${role} of DATABASE_URL is missing rights (${shown}): start the hub once with ${OWNER_URL}, ` +
        'the role that owns the tables; it grants them',
    );
  });
}

async function readSession(client: Client): Promise<Session> {
  const { rows } = await client.query<Session>(
    `select session_user as role, current_database() as database, current_schema() as schema,
            pg_postmaster_start_time()::text as server from (select set_config('TimeZone', 'UTC', false)) utc`,
  );
  return rows[0]!;
}

async function mayGive(
  client: Client,
  catalog: 'pg_namespace' | 'pg_database',
  owner: 'nspowner' | 'datdba',
  nameColumn: 'nspname' | 'datname',
  name: string,
): Promise<boolean> {
  const { rows } = await client.query<{ may: boolean }>(
    `select pg_has_role(${owner}, 'usage') as may from ${catalog} where ${nameColumn} = $1`,
    [name],
  );
  return rows[0]!.may;
}

async function withClients(
  owner: DatabaseConnection,
  app: DatabaseConnection,
  work: (ownerClient: Client, appClient: Client) => Promise<void>,
): Promise<void> {
  await withClient(owner, (ownerClient) => withClient(app, (appClient) => work(ownerClient, appClient)));
}

async function withClient(
  connection: DatabaseConnection,
  work: (client: Client) => Promise<void>,
): Promise<void> {
  const client = new Client(connection);
  client.on('error', () => undefined);
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

function refuse(message: string): never {
  throw new StartError(message, EXIT_CONFIG);
}
