import type { MonitorFilter } from './monitor.input.js';
import type { MonitorModel } from './monitor.model.js';

/** Whether a monitor is what the filter asks for; what the filter does not name does not matter. */
export function matchesFilter(monitor: MonitorModel, filter: MonitorFilter | null | undefined): boolean {
  if (!filter) return true;
  if (filter.health && !filter.health.includes(monitor.health)) return false;
  if (filter.tag && !monitor.tags.includes(filter.tag)) return false;
  if (!filter.search) return true;
  const searched = filter.search.toLowerCase();
  return [monitor.name, monitor.description, monitor.host?.hostname].some((text) =>
    text?.toLowerCase().includes(searched),
  );
}
