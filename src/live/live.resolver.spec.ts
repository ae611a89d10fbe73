import { LiveAudience } from '../monitors/live-audience.js';
import type { UserPrincipal } from '../common/principal.js';
import { Layout } from '../core/model/layout.js';
import { EventBus } from '../events/event-bus.js';
import type { EventName } from '../events/event-map.js';
import type { MonitorPresenter } from '../monitors/monitor-presenter.js';
import type { MonitorsService } from '../monitors/monitors.service.js';
import type { LatestReports } from '../storage/latest-reports.js';
import { LiveReports } from './live-reports.js';
import { LiveResolver } from './live.resolver.js';

const user: UserPrincipal = { userId: 'me', email: 'me@example.org', role: 'editor', sessionId: 's' };
const layout = new Layout(1, ['cpu.usagePercent', 'network.bytesSent{interface="e"}']);

let events: EventBus;
let visible: Set<string>;
let lists: (readonly string[])[];
let resolver: LiveResolver;

beforeEach(() => {
  events = new EventBus();
  visible = new Set(['a', 'b']);
  lists = [];
  const visibleIds = (_: UserPrincipal, ids: readonly string[]) => ids.filter((id) => visible.has(id));
  const list = async (_: UserPrincipal, { ids }: { ids: readonly string[] }) => {
    lists.push(ids);
    return ids.map((id) => ({ id }));
  };
  const reader = { readLatest: async () => [] } as unknown as LatestReports;
  resolver = new LiveResolver(
    new LiveReports(reader, events, new LiveAudience(events), { liveSpacingMs: 1_000 }),
    { visibleIds, list } as unknown as MonitorsService,
    { present: (monitor: unknown) => monitor } as MonitorPresenter,
    events,
  );
});

const store = (monitorId: string, at: number): void =>
  events.announce('report.stored', {
    ...{ monitorId, receivedAt: at, isLatest: true },
    reports: [{ at, bootId: 'x', intervalMs: 10_000, layout, values: Float64Array.of(at, at * 10) }],
  });
const countListeners = (...names: EventName[]): number[] => {
  const { listeners } = events as unknown as { listeners: Map<EventName, Set<unknown>> };
  return names.map((name) => listeners.get(name)?.size ?? 0);
};

describe('reportsReceived', () => {
  it('gives what was asked for of what may be seen, counters as rates', async () => {
    const stream = await resolver.reportsReceived(user, ['a', 'a', 'c'], ['network.bytesSent']);
    store('a', 1_000);
    store('c', 1_000);
    store('a', 2_000);
    const { value } = await stream.next();
    expect(value).toEqual({
      reports: [
        {
          ...{ monitorId: 'a', at: new Date(2_000), previousAt: new Date(1_000) },
          ...{ metrics: ['network.bytesSent{interface="e"}'], values: Float64Array.of(10_000) },
        },
      ],
    });
    await stream.return!();
  });

  it('looks at the viewer’s rights with every batch', async () => {
    const stream = await resolver.reportsReceived(user, ['a', 'b']);
    store('a', 1_000);
    store('b', 1_000);
    visible.delete('a');
    const { value } = await stream.next();
    expect(value.reports.map(({ monitorId }: { monitorId: string }) => monitorId)).toEqual(['b']);
    visible.clear();
    store('b', 2_000);
    const silent = stream.next();
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    await stream.return!();
    expect(await silent).toEqual({ done: true, value: undefined });
  });

  it('names at most so many monitors and metrics', async () => {
    const many = Array.from({ length: 10_001 }, (_, index) => `m${index}`);
    await expect(resolver.reportsReceived(user, many)).rejects.toMatchObject({
      code: 'invalid_input',
      path: 'monitorIds',
    });
    await expect(resolver.reportsReceived(user, [], many)).rejects.toMatchObject({ path: 'metrics' });
  });
});

describe('samplesBackfilled', () => {
  it('puts spans that wait together, for monitors that are watched and may be seen', async () => {
    const stream = resolver.samplesBackfilled(user, ['a', 'c']);
    for (const monitorId of ['a', 'b', 'c']) {
      events.announce('report.backfilled', { monitorId, fromAt: 5_000, toAt: 6_000 });
      events.announce('report.backfilled', { monitorId, fromAt: 1_000, toAt: 2_000 });
    }
    expect((await stream.next()).value).toEqual({
      monitorId: 'a',
      from: new Date(1_000),
      to: new Date(6_000),
    });
    const more = stream.next();
    await stream.return!();
    expect(await more).toEqual({ done: true, value: undefined });
    expect(countListeners('report.backfilled')).toEqual([0]);
  });
});

describe('monitorStatusChanged', () => {
  it('tells each changed monitor once a batch, read in one query, without those out of sight', async () => {
    const stream = resolver.monitorStatusChanged(user);
    for (const monitorId of ['a', 'b', 'c']) {
      events.announce('monitor.changed', { monitorId });
      events.announce('monitor.statusChanged', { monitorId });
    }
    expect([(await stream.next()).value, (await stream.next()).value]).toEqual([{ id: 'a' }, { id: 'b' }]);
    expect(lists).toEqual([['a', 'b']]);
    await stream.return!();
    expect(countListeners('monitor.changed', 'monitor.statusChanged', 'monitor.created')).toEqual([0, 0, 0]);
  });

  it('tells only of the monitors named', async () => {
    const stream = resolver.monitorStatusChanged(user, ['b']);
    events.announce('monitor.created', { monitorId: 'a' });
    events.announce('monitor.created', { monitorId: 'b' });
    expect((await stream.next()).value).toEqual({ id: 'b' });
    await stream.return!();
  });
});
