import { RESOURCES as HUB_RESOURCES } from '../../src/core/model/metric-catalog.js';
import { RESOURCES as PAGE_RESOURCES } from '../../web/src/lib/monitors/monitor-form.js';

/** The page is built without the hub's sources: what both must know is held together here. */
it('the page offers to watch just what a hub knows', () => {
  expect(PAGE_RESOURCES).toEqual(HUB_RESOURCES);
});
