import { createReportCollector } from '../probes/collect-report.js';
import { MachineFiles } from '../probes/machine-files.js';
import { agentVersion, startAgent } from './agent-program.js';
import { AgentConfigError } from './agent-settings.js';

/** The agent for Linux: it reads files of the kernel, starts no process and brings no library along. */
startAgent(() => {
  if (process.platform !== 'linux') {
    throw new AgentConfigError('this agent reads Linux; on other systems use agent-portable.cjs');
  }
  return (measuring, settings) => {
    const { rootfs, includeMounts, includeInterfaces } = measuring;
    return createReportCollector({
      resources: () => measuring.resources,
      intervalSeconds: () => measuring.intervalSeconds,
      ...settings,
      files: new MachineFiles({ rootfs }),
      includeMounts,
      includeInterfaces,
      agentVersion: agentVersion(),
    });
  };
});
