import { createReportCollector } from '../probes/collect-report.js';
import { readPortableInventory } from '../probes/portable/portable-inventory.js';
import { createPortableProbes } from '../probes/portable/portable-probes.js';
import { agentVersion, startAgent } from './agent-program.js';

/**
 * The agent for macOS and Windows, by `systeminformation`, which asks such a system with programs of its own.
 * What the system cannot tell is left out of the report. Linux has a lighter agent: `main.ts`.
 */
startAgent(async () => {
  const inventory = await readPortableInventory(agentVersion());
  return (measuring, settings) =>
    createReportCollector({
      resources: () => measuring.resources,
      intervalSeconds: () => measuring.intervalSeconds,
      ...settings,
      probes: createPortableProbes({ includeInterfaces: measuring.includeInterfaces }),
      readInventory: () => inventory,
    });
});
