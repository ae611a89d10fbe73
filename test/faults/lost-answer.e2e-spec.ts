import { FaultProxy } from '../support/fault-proxy.js';
import { postReport, signIn } from '../support/hub-client.js';
import { ADMIN_ENV, FAST_SENDERS_ENV, HubProcess } from '../support/hub-process.js';

describe('an answer that is lost after the commit', () => {
  it('costs nothing: the same reports, sent again, are duplicates', async () => {
    const hub = await HubProcess.start({ env: { ...ADMIN_ENV, ...FAST_SENDERS_ENV } });
    const line = await FaultProxy.start(() => hub.port);
    await line.become({ kind: 'lose-answer' });
    try {
      const { id, key } = await (await signIn(hub)).createMonitor();
      const start = Date.now() - 60_000;
      for (let round = 0; round < 50; round++) {
        const report = { at: start + round, cpu: { usagePercent: round } };
        await expect(postReport(line, key, report)).rejects.toThrow();
        const again = await postReport(hub, key, report);
        expect(again.body).toMatchObject({ accepted: 0, duplicates: 1, rejected: [] });
      }
      const rows = await hub.query<{ count: number }>(
        'select count(*)::int as count from report where monitor_id = $1',
        [id],
      );
      expect(rows).toEqual([{ count: 50 }]);
    } finally {
      await line.close();
      await hub.clean();
    }
  }, 90_000);
});
