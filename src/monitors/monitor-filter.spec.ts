import { matchesFilter } from './monitor-filter.js';
import type { MonitorFilter } from './monitor.input.js';
import type { MonitorModel } from './monitor.model.js';

const monitor = {
  ...{ name: 'Web front', description: null, tags: ['prod', 'eu'], health: 'up' },
  host: { hostname: 'web-01' },
} as unknown as MonitorModel;

describe('matchesFilter', () => {
  it.each<[MonitorFilter | null | undefined, boolean]>([
    [undefined, true],
    [null, true],
    [{}, true],
    [{ health: ['down', 'up'] }, true],
    [{ health: ['down'] }, false],
    [{ health: [] }, false],
    [{ tag: 'prod' }, true],
    [{ tag: 'pro' }, false],
    [{ search: 'FRONT' }, true],
    [{ search: 'web-01' }, true],
    [{ search: 'db' }, false],
    [{ search: '' }, true],
    [{ tag: 'eu', search: 'db' }, false],
  ])('%j: %s', (filter, expected) => {
    expect(matchesFilter(monitor, filter)).toBe(expected);
  });
});
