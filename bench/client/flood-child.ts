/** The attacker of the flood part, a process of its own: `flood.ts` starts it with a plan as its one argument. */
import os from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { attemptUpgrade, UPGRADE_KINDS } from '../../test/support/flood/hostile-upgrades.js';
import { SlowConnections } from '../../test/support/flood/slow-connections.js';
import type { FloodPlan, FloodSummary } from './flood.js';

const plan = JSON.parse(process.argv[2]!) as FloodPlan;
// Who measures has the same core: this process must not make their clock late.
os.setPriority(os.constants.priority.PRIORITY_LOW);

process.once('message', () => void flood());
process.send!('ready');

async function flood(): Promise<void> {
  const slow = new SlowConnections(plan.target, { count: plan.slow, everyMs: plan.slowEveryMs });
  const upgrades = new Map<string, number>();
  slow.start();
  let underWay = 0;
  const startedAt = performance.now();
  for (let sent = 0; sent < plan.upgrades;) {
    const due = Math.ceil(((performance.now() - startedAt) / plan.forMs) * plan.upgrades);
    for (; sent < Math.min(due, plan.upgrades); sent++) {
      const kind = UPGRADE_KINDS[sent % UPGRADE_KINDS.length]!;
      underWay++;
      void attemptUpgrade(plan.target, kind, sent).then((ending) => {
        underWay--;
        const name = `${kind}: ${ending}`;
        upgrades.set(name, (upgrades.get(name) ?? 0) + 1);
      });
    }
    await sleep(10);
  }
  const slowOpen = slow.openCount;
  slow.stop();
  while (underWay > 0) await sleep(20);
  const summary: FloodSummary = {
    seconds: (performance.now() - startedAt) / 1000,
    upgrades: Object.fromEntries(upgrades),
    slowOpened: slow.opened,
    slowOpen,
    slowEndings: Object.fromEntries(slow.endings),
  };
  process.send!(summary, () => process.exit(0));
}
