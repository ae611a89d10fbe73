import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { postReport, signIn } from '../support/hub-client.js';
import { ADMIN_ENV, FAST_SENDERS_ENV, HubProcess } from '../support/hub-process.js';

/** A line that takes requests to the hub and breaks as soon as the answer comes back. */
async function startCuttingProxy(hub: HubProcess): Promise<{ url: string; server: Server }> {
  const server = createServer((client) => {
    const upstream = connect(hub.port, '127.0.0.1');
    for (const socket of [client, upstream]) socket.on('error', () => undefined);
    client.pipe(upstream);
    upstream.once('data', () => {
      client.resetAndDestroy();
      upstream.destroy();
    });
    client.once('close', () => upstream.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

describe('an answer that is lost after the commit', () => {
  it('costs nothing: the same reports, sent again, are duplicates', async () => {
    const hub = await HubProcess.start({ env: { ...ADMIN_ENV, ...FAST_SENDERS_ENV } });
    const { url, server } = await startCuttingProxy(hub);
    try {
      const { id, key } = await (await signIn(hub)).createMonitor();
      const start = Date.now() - 60_000;
      for (let round = 0; round < 50; round++) {
        const report = { at: start + round, cpu: { usagePercent: round } };
        await expect(postReport({ url }, key, report)).rejects.toThrow();
        const again = await postReport(hub, key, report);
        expect(again.body).toMatchObject({ accepted: 0, duplicates: 1, rejected: [] });
      }
      const rows = await hub.query<{ count: number }>(
        'select count(*)::int as count from report where monitor_id = $1',
        [id],
      );
      expect(rows).toEqual([{ count: 50 }]);
    } finally {
      server.close();
      await hub.clean();
    }
  }, 90_000);
});
