import { STEPS, type Step } from '../../src/common/step.js';
import { postReport, signIn } from '../support/hub-client.js';
import { ADMIN_ENV, FAST_SENDERS_ENV, HubProcess } from '../support/hub-process.js';
import { waitFor } from '../support/wait-for.js';
import { expectSameHistory, StoredHistory } from './stored-history.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** The hub's clock moves on by this much with each start: every time there is something to seal, roll up and drop. */
const AHEAD_PER_START = 6 * HOUR;
const BACKLOG = 72 * HOUR;
/** So many late reports of a monitor are merged without waiting for quiet. */
const LATE_REPORTS = 2_100;
const REPORTS_PER_REQUEST = 350;
const RUNS = process.env.SOAK ? 25 : 1;

/** What drops blocks works on what nobody can send any more: `test/db/retention.db-spec.ts` cuts that short. */
const KILLED_AT = STEPS.filter((step) => step !== 'retention.dropped');

let hub: HubProcess;
let history: StoredHistory;
const launchedAt = Date.now();
let starts = 0;

beforeAll(async () => {
  hub = await HubProcess.start({ env: { ...ADMIN_ENV, ...FAST_SENDERS_ENV, TEST_UPKEEP_MS: '100' } });
  history = StoredHistory.connect(await hub.readConnection());
}, 90_000);
afterAll(async () => {
  await history.close();
  await hub.clean();
}, 60_000);

const clockAhead = (): number => starts * AHEAD_PER_START;

/** The hub that is gone starts again, some hours later by its clock. */
async function startLater(env: Record<string, string> = {}): Promise<void> {
  starts++;
  await hub.restart({ ...env, TEST_CLOCK_AHEAD_MS: String(clockAhead()) });
}

/** A gauge, and a counter that a reboot resets from time to time. */
const makeReport = (at: number) => ({
  at,
  intervalSeconds: 60,
  bootId: `boot-${Math.floor(at / (7 * HOUR))}`,
  cpu: { usagePercent: (at % 9_973) / 100 },
  network: [{ interface: 'eth0', bytesSent: at % (7 * HOUR), bytesReceived: Math.floor(at / 1_000) }],
});

/** Like an agent: what is not acknowledged is kept and sent again. */
class Sender {
  readonly acknowledged: { at: number }[] = [];
  private waiting: { at: number }[] = [];
  private readonly oldestAt = Math.floor((launchedAt + clockAhead() - BACKLOG) / MINUTE) * MINUTE;
  private nextAt = this.oldestAt;
  private lateCount = 0;

  constructor(private readonly monitor: { readonly id: string; readonly key: string }) {}

  /** One report a minute, up to the hub's clock. */
  queueNew(): void {
    const until = launchedAt + clockAhead();
    for (; this.nextAt <= until; this.nextAt += MINUTE) this.waiting.push(makeReport(this.nextAt));
  }

  /** Between old ones, for the blocks that hold them. */
  queueLate(): void {
    const until = this.lateCount + LATE_REPORTS;
    for (; this.lateCount < until; this.lateCount++) {
      const minute = this.oldestAt + Math.floor(this.lateCount / 9) * MINUTE;
      this.waiting.push(makeReport(minute + ((this.lateCount % 9) + 1) * 6_000));
    }
  }

  queue(reports: readonly { at: number }[]): void {
    this.waiting.push(...reports);
  }

  /** Until all is acknowledged or the hub is gone. */
  async send(): Promise<void> {
    while (this.waiting.length > 0 && hub.isRunning) {
      const reports = this.waiting.slice(0, REPORTS_PER_REQUEST);
      const answer = await postReport(hub, this.monitor.key, { reports }).catch(() => undefined);
      if (answer?.status !== 200) continue;
      expect(answer.body.rejected).toEqual([]);
      this.acknowledged.push(...reports);
      this.waiting = this.waiting.slice(reports.length);
    }
  }
}

/** @param times kill when it is reached for the so-manieth time; the first time it must be reached */
async function killAt(step: Step, times: number, sender: Sender): Promise<unknown> {
  await startLater({ TEST_KILL_AT: step, TEST_KILL_AFTER: String(times) });
  sender.queueNew();
  if (/^(merge|remake)/.test(step)) sender.queueLate();
  await sender.send();
  const isGone = waitFor(() => !hub.isRunning, {
    deadlineMs: times === 1 ? 20_000 : 3_000,
    what: () => `${step} was not reached:\n${hub.stdout}`,
  });
  if (times === 1) return isGone;
  // There may have been less to do than that: then it ends here.
  return isGone.catch(() => hub.kill9());
}

async function createMonitor(): Promise<{ id: string; key: string }> {
  return (await signIn(hub)).createMonitor({ intervalSeconds: 60 });
}

const waitUntilSealed = (id: string, until: number): Promise<unknown> =>
  waitFor(
    async () => ((await history.readMarks(id))[2] ?? 0) >= until && (await history.countWaiting(id)) === 0,
    { deadlineMs: 60_000 },
  );

it(
  'killed at each step of storing, sealing, merging and rolling up, a hub keeps the same tables as one that never was',
  async () => {
    for (let run = 0; run < RUNS; run++) {
      const monitor = await createMonitor();
      const sender = new Sender(monitor);
      sender.queueNew();
      await sender.send();
      await hub.kill9();
      for (const step of KILLED_AT) {
        const times = run === 0 ? 1 : 1 + Math.floor(Math.random() * 4);
        await killAt(step, times, sender);
      }
      await startLater();
      sender.queueNew();
      await sender.send();

      const undisturbed = await createMonitor();
      const patient = new Sender(undisturbed);
      patient.queue(sender.acknowledged.toSorted((a, b) => a.at - b.at));
      await patient.send();
      // An hour later no more late reports come.
      await hub.kill9();
      await startLater();
      const [, , quarters] = await history.readMarks(monitor.id);
      for (const { id } of [monitor, undisturbed]) await waitUntilSealed(id, quarters!);
      await expectSameHistory(history, monitor.id, undisturbed.id);
      expect((await history.readReports(monitor.id)).map(({ at }) => at)).toEqual(
        patient.acknowledged.map(({ at }) => at),
      );
    }
  },
  RUNS * 300_000,
);
