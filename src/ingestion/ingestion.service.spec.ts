import { Goodbyes } from '../monitors/goodbyes.js';
import { LiveAudience } from '../monitors/live-audience.js';
import { Layout } from '../core/model/layout.js';
import type { MonitorDirectory, MonitorSettings } from '../monitors/monitor-directory.js';
import type { MonitorNotes } from '../monitors/monitor-notes.js';
import type { GroupCommit } from '../storage/group-commit.js';
import type { LayoutRegistry } from '../storage/layout-registry.js';
import type { PendingReport, StoreOutcome } from '../storage/pending-report.js';
import type { MonitorLosses } from '../monitors/monitor-losses.js';
import type { ActiveSeries } from '../storage/active-series.js';
import type { RepeatedReports } from '../storage/repeated-reports.js';
import { IngestionCounts } from './ingestion-counts.js';
import { IngestionService } from './ingestion.service.js';
import { KnownShapes } from './known-shapes.js';
import type { ReportedBoots } from '../monitors/reported-boots.js';
import { OutcomeNotes } from './outcome-notes.js';
import { EventBus } from '../events/event-bus.js';
import { TopProcesses } from '../monitors/top-processes.js';
import { ReportShaper } from './report-shaper.js';

const ID = 'a-monitor';

let settings: MonitorSettings | undefined;
let stored: PendingReport[];
/** What storing answers; 'accepted' where nothing else is said. */
let outcomes: StoreOutcome[];
let whileStoring: () => void;
let notes: unknown[];
let repeated: PendingReport[];
let dropped: number[];
let ingestion: IngestionService;
let audience: LiveAudience;
let shown: number[];
let goodbyes: string[];

beforeEach(() => {
  settings = {
    id: ID,
    ownerId: 'me',
    tags: [],
    kind: 'agent',
    state: 'running',
    intervalSeconds: 30,
    resources: ['cpu'],
    version: 4,
  };
  [stored, outcomes, notes, repeated, dropped] = [[], [], [], [], []];
  [shown, goodbyes] = [[], []];
  whileStoring = () => undefined;
  const resolve = (keys: string[], definitions: Record<string, never> | null) => {
    if (new Set(keys).size !== keys.length) return undefined;
    const order = Uint16Array.from(keys.keys()).sort((a, b) => (keys[a]! < keys[b]! ? -1 : 1));
    const layout = new Layout(1, keys.toSorted(), definitions ?? {});
    // A shape that is new is known only after a while.
    return keys.length > 1 ? Promise.resolve({ layout, order }) : { layout, order };
  };
  const store = async (rows: PendingReport[]) => {
    stored.push(...rows);
    whileStoring();
    return rows.map((_, index) => outcomes[index] ?? 'accepted');
  };
  const events = new EventBus();
  events.on('report.live', ({ report }) => shown.push(report.at));
  audience = new LiveAudience(events);
  ingestion = new IngestionService(
    { find: (id: string) => (id === ID ? settings : undefined) } as unknown as MonitorDirectory,
    new ReportShaper(
      { resolve, recall: () => undefined } as unknown as LayoutRegistry,
      {
        knows: () => true,
        leaveOut: async (_: string, keys: string[]) => new Set(keys.filter((key) => key.startsWith('new'))),
        note: () => undefined,
      } as unknown as ActiveSeries,
    ),
    { store } as unknown as GroupCommit,
    new KnownShapes(),
    new OutcomeNotes(
      {
        noteInventory: (_: string, at: number, inventory: unknown) => notes.push([at, inventory]) > 0,
        writeNow: async () => void notes.push('written'),
        noteError: (_: string, error: string | null) => notes.push(error),
      } as unknown as MonitorNotes,
      { noteDropped: (_: string, values: number) => dropped.push(values) } as unknown as MonitorLosses,
      { note: (rows: PendingReport[]) => repeated.push(...rows) } as unknown as RepeatedReports,
      new IngestionCounts(),
      new TopProcesses(new EventBus()),
      { note: () => undefined } as unknown as ReportedBoots,
    ),
    audience,
    { note: async (id: string) => void goodbyes.push(id) } as unknown as Goodbyes,
  );
});

const ingest = (body: unknown) => ingestion.ingest(ID, body);

describe('taking reports in', () => {
  it('stores one report in the order of its layout, under the interval that it names', async () => {
    const at = Date.now() - 5_000;
    const answer = await ingest({
      at,
      intervalSeconds: 7,
      bootId: 'b',
      memory: { usedBytes: 2 },
      cpu: { usagePercent: 1 },
    });
    expect(answer).toMatchObject({ accepted: 1, duplicates: 0, rejected: [], ignored: [] });
    expect(answer.config).toEqual({ intervalSeconds: 30, resources: ['cpu'], state: 'running', version: 4 });
    expect(Math.abs(answer.now - Date.now())).toBeLessThan(5_000);
    const [{ monitorId, report }] = stored as [PendingReport];
    expect([monitorId, report.at, report.bootId, report.intervalMs]).toEqual([ID, at, 'b', 7_000]);
    expect(report.layout.seriesKeys.map((key, index) => [key, report.values[index]])).toEqual([
      ['cpu.usagePercent', 1],
      ['memory.usedBytes', 2],
    ]);
  });

  it('takes the monitor’s interval and the time of receipt where a report names none', async () => {
    const before = Date.now();
    await ingest({ cpu: { usagePercent: 1 } });
    expect(stored[0]!.report.intervalMs).toBe(30_000);
    expect(stored[0]!.report.at).toBeGreaterThanOrEqual(before);
  });

  it('lets one bad report of a batch cost only itself, and names it by its place', async () => {
    const now = Date.now();
    const good = (ago: number) => ({ at: now - ago, cpu: { usagePercent: ago } });
    outcomes = ['accepted', 'duplicate', 'monitor_deleted'];
    const answer = await ingest({
      reports: [
        { cpu: 7 },
        good(1),
        null,
        good(2),
        good(3),
        {
          storage: [
            { mount: '/', usedBytes: 1 },
            { mount: '/', usedBytes: 2 },
          ],
        },
      ],
    });
    expect(answer).toMatchObject({
      ...{ accepted: 1, duplicates: 1 },
      rejected: [
        { index: 0, code: 'wrong_type', path: '/cpu' },
        { index: 2, code: 'wrong_type', path: '' },
        { index: 4, code: 'monitor_deleted', path: '' },
        { index: 5, code: 'duplicate_series', path: '' },
      ],
    });
    expect(notes).toEqual(['report refused: wrong_type /cpu']);
  });

  it('answers an empty list with its wishes, as they are when it answers', async () => {
    expect(await ingest({ reports: [] })).toMatchObject({ accepted: 0, duplicates: 0, rejected: [] });
    expect(stored).toEqual([]);
    whileStoring = () => (settings = { ...settings!, intervalSeconds: 60, version: 5 });
    expect((await ingest({})).config).toMatchObject({ intervalSeconds: 60, version: 5 });
    whileStoring = () => (settings = undefined);
    expect((await ingest({})).config).toMatchObject({ version: 5 });
  });

  it('names what it ignores once, also beside the list', async () => {
    const reports = [{ gpu: 1, cpu: { x: 1 } }, { gpu: 2 }];
    const answer = await ingest({ reports, sentAt: 5, 'bad\0key': 1 });
    expect(answer.ignored.toSorted()).toEqual(['cpu.x', 'gpu', 'sentAt']);
  });

  it.each([[{ reports: {} }], [{ reports: null }], [{ reports: Array(10_001).fill({}) }]])(
    'refuses a list that is none, or too long',
    async (body) => {
      await expect(ingest(body)).rejects.toMatchObject({ code: 'invalid_input', path: '/reports' });
    },
  );

  it('takes none of a stopped monitor, says when to ask again, and knows no deleted one', async () => {
    settings = { ...settings!, state: 'stopped' };
    await expect(ingest({})).rejects.toMatchObject({ code: 'monitor_stopped', retryAfterSeconds: 60 });
    expect(ingestion.describeConfig(ID)).toMatchObject({ state: 'stopped' });
    settings = undefined;
    await expect(ingest({})).rejects.toMatchObject({ code: 'unauthenticated' });
    expect(() => ingestion.describeConfig(ID)).toThrow('not valid');
  });
});

describe('what is not kept', () => {
  const custom = (...names: string[]) => names.map((name, value) => ({ name, value, unit: name }));

  it('is counted where series were left out of an accepted report, and told', async () => {
    outcomes = ['accepted', 'duplicate'];
    const now = Date.now();
    const answer = await ingest({
      reports: [
        { at: now, custom: custom('new.a', 'old', 'new.b') },
        { at: now - 1, custom: custom('new.c', 'old') },
      ],
    });
    expect(answer).toMatchObject({ accepted: 1, duplicates: 1, droppedValues: 2 });
    expect(dropped).toEqual([2]);
    expect(stored[0]!.report.layout.seriesKeys).toEqual(['old']);
    expect([...stored[0]!.report.values]).toEqual([1]);
    expect(stored[0]!.report.layout.definitions).toEqual({ old: { kind: 'gauge', unit: 'old' } });
    expect(await ingest({ custom: custom('old') })).not.toHaveProperty('droppedValues');
  });

  it('is looked at again where it was answered as a duplicate', async () => {
    outcomes = ['accepted', 'duplicate', 'monitor_deleted'];
    const now = Date.now();
    await ingest({ reports: [{ at: now }, { at: now - 1 }, { at: now - 2 }] });
    expect(repeated.map((row) => row.report.at)).toEqual([now - 1]);
  });
});

describe('reports for those who look', () => {
  it('are shown and not stored, and the sender is told that somebody looks', async () => {
    expect((await ingest({})).config).not.toHaveProperty('live');
    audience.enter([ID]);
    const now = Date.now();
    const live = { at: now, live: true, cpu: { usagePercent: 1 } };
    stored.length = 0;
    const answer = await ingest({ reports: [live, { at: now - 1, cpu: { usagePercent: 2 } }] });
    expect(answer).toMatchObject({ accepted: 1, live: 1, ignored: [], config: { live: true } });
    expect(stored.map(({ report }) => report.at)).toEqual([now - 1]);
    expect(shown).toEqual([now]);
    expect(await ingest({ ...live, live: 'yes' })).toMatchObject({ rejected: [{ path: '/live' }] });
    audience.leave([ID]);
    expect((await ingest({})).config).not.toHaveProperty('live');
  });

  it('are not asked of a whole fleet', async () => {
    audience.enter([ID, '2', '3', '4', '5', '6']);
    expect((await ingest({})).config).not.toHaveProperty('live');
  });
});

it('notes the goodbye of a sender', async () => {
  expect(await ingest({ reports: [], goodbye: true })).toMatchObject({ accepted: 0, ignored: [] });
  await ingest({ reports: [], goodbye: 'soon' });
  expect(goodbyes).toEqual([ID]);
});

describe('what a report says beside its samples', () => {
  it('is noted when it is stored, or was before, and written down before the answer', async () => {
    const now = Date.now();
    outcomes = ['duplicate', 'accepted', 'monitor_deleted'];
    const said = (hostname: string, ago: number) => ({ at: now - ago, host: { hostname } });
    await ingest({
      reports: [
        said('old', 3),
        { ...said('new', 2), storage: [{ mount: '/', fsType: 'ext4' }] },
        said('gone', 1),
      ],
    });
    expect(notes).toEqual([
      null,
      [now - 3, { host: { hostname: 'old' } }],
      [now - 2, { host: { hostname: 'new' }, devices: { storage: { '/': { fsType: 'ext4' } } } }],
      'written',
    ]);
  });

  it('clears an agent’s error when a report is taken; a local monitor’s is its collector’s', async () => {
    await ingest({});
    settings = { ...settings!, kind: 'local' };
    await ingest({});
    expect(notes).toEqual([null]);
  });
});

describe('a body as it came over the wire', () => {
  const receive = (body: unknown) => ingestion.receive(ID, Buffer.from(JSON.stringify(body)));
  const at = Date.now();
  const report = (ago: number, more: object = {}) => ({
    ...{ at: at - ago, bootId: 'b', host: { hostname: 'h' }, gpu: 1 },
    ...{ memory: { usedBytes: 1_000 + ago }, cpu: { usagePercent: ago / 8 }, ...more },
  });
  const kept = () =>
    stored.map(({ report: { at: instant, bootId, intervalMs, values } }) => [
      ...[at - instant, bootId, intervalMs],
      [...values],
    ]);

  it('means the same the first time, when its shape is known, and when it changes', async () => {
    const answers = [await receive(report(9)), await receive(report(8)), await receive(report(7))];
    for (const answer of answers)
      expect(answer).toMatchObject({ accepted: 1, duplicates: 0, rejected: [], ignored: ['gpu'] });
    settings = { ...settings!, intervalSeconds: 5 };
    await receive(report(6, { intervalSeconds: 2 }));
    await receive(report(5));
    expect(kept()).toEqual([
      [9, 'b', 30_000, [1.125, 1_009]],
      [8, 'b', 30_000, [1, 1_008]],
      [7, 'b', 30_000, [0.875, 1_007]],
      [6, 'b', 2_000, [0.75, 1_006]],
      [5, 'b', 5_000, [0.625, 1_005]],
    ]);
    expect(notes.filter((note) => Array.isArray(note))).toEqual(
      [9, 8, 7, 6, 5].map((ago) => [at - ago, { host: { hostname: 'h' } }]),
    );
  });

  it('may be a batch of what is known, in which one differs', async () => {
    await receive(report(9));
    outcomes = ['accepted', 'duplicate', 'monitor_deleted'];
    expect(await receive({ reports: [report(8), report(7), report(6)] })).toMatchObject({
      ...{ accepted: 1, duplicates: 1 },
      rejected: [{ index: 2, code: 'monitor_deleted', path: '' }],
    });
    outcomes = [];
    await receive({ reports: [report(5), report(4, { cpu: { usagePercent: 100 } })] });
    expect(await receive({ reports: [report(3), report(2, { cpu: { usagePercent: 101 } })] })).toMatchObject({
      accepted: 1,
      rejected: [{ index: 1, code: 'out_of_range', path: '/cpu/usagePercent' }],
    });
    expect(kept().map(([ago]) => ago)).toEqual([9, 8, 7, 6, 5, 4, 3]);
  });

  it('is refused as JSON where it is none, however much of it is known', async () => {
    await receive(report(9));
    const text = JSON.stringify(report(8));
    for (const broken of [text.slice(0, -1), `${text}x`, `{"reports":[${text},]}`, `{"reports":[${text}`, ''])
      await expect(ingestion.receive(ID, Buffer.from(broken))).rejects.toMatchObject({
        code: 'malformed_json',
      });
    expect(kept()).toHaveLength(1);
  });
});
