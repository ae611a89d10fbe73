import type { HubClient, Json } from './hub-client.js';
import type { HubProcess } from './hub-process.js';

/** The newest values of a monitor as the API has them, by the key of their series. */
export async function readLatest(admin: HubClient, monitorId: string): Promise<Record<string, Json>> {
  const { latest } = await admin.ask('query ($ids: [ID!]) { latest(monitorIds: $ids) { metrics values } }', {
    ids: [monitorId],
  });
  const [{ metrics, values }] = latest;
  return Object.fromEntries(metrics.map((metric: string, index: number) => [metric, values[index]]));
}

/** How many reports of a monitor wait to be sealed, in time or late: asked of the tables themselves. */
export async function countStored(hub: HubProcess, monitorId: string): Promise<number> {
  const [row] = await hub.query<{ count: number }>(
    `select ((select count(*) from report where monitor_id = $1)
       + (select count(*) from late_report where monitor_id = $1))::int as count`,
    [monitorId],
  );
  return row!.count;
}
