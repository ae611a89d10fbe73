import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import { JsonClient } from '../client/json-client.js';
import { findFreePort, PinnedProcess } from '../process/pinned-process.js';
import { makeWorkDirectory } from '../process/work-directory.js';
import { HUB_DIST } from './hub-dist.js';
import type { HubTarget } from './hub.target.js';
import { findMissingProgram, readDebianVersion } from './installed-program.js';
import { startServer } from './server-process.js';

export interface MachineAgent {
  readonly process: PinnedProcess;
  /** Called once a second, for those that measure only when they are asked. */
  readonly ask?: () => Promise<void>;
}

/** Something that reads this machine once a second. */
export interface MachineAgentKind {
  readonly id: string;
  readonly name: string;
  readonly facts: () => Record<string, string>;
  findMissing(): string | undefined;
  start(hub: HubTarget): Promise<MachineAgent>;
}

const AGENT = path.join(HUB_DIST, 'agent.cjs');

/** The first `node` on the path that is not the one of this project, for that is what a watched machine has. */
function findOtherNode(): string | undefined {
  return (process.env.PATH ?? '')
    .split(':')
    .filter((folder) => !folder.includes('node_modules'))
    .map((folder) => path.join(folder, 'node'))
    .find((file) => existsSync(file));
}

const versionOf = (node: string): string =>
  spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim();

function watchkeeperOn(id: string, label: string, node: string | undefined): MachineAgentKind {
  return {
    id,
    name: `Watchkeeper agent, ${label}`,
    facts: () => ({
      node: node ? versionOf(node) : '',
      settings: 'cpu, memory, storage, network; spool with fdatasync; one POST a report to the hub',
    }),
    findMissing: () => {
      if (!node) return 'a Node.js of the system';
      return existsSync(AGENT) ? undefined : 'the built agent: run `npm run build:hub`';
    },
    start: async (hub) => {
      const folder = makeWorkDirectory('agent');
      const monitor = hub.monitors[0]!;
      // The hub says how often it wants reports.
      const client = new JsonClient(hub.port, { cookie: hub.cookie });
      const change = JSON.stringify({ intervalSeconds: 1 });
      await client.request('PATCH', `/api/monitoring/${monitor.id}`, change, 'application/json');
      client.close();
      const keyFile = path.join(folder, 'key');
      writeFileSync(keyFile, monitor.apiKey, { mode: 0o600 });
      const process = new PinnedProcess(node!, [
        AGENT,
        ...['--url', `http://127.0.0.1:${hub.port}`, '--key-file', keyFile],
        ...['--spool', path.join(folder, 'spool'), '--resources', 'cpu,memory,storage,network'],
        ...['--interval', '1'],
      ]);
      return { process };
    },
  };
}

const NODE_EXPORTER: MachineAgentKind = {
  id: 'node-exporter',
  name: 'prometheus-node-exporter',
  facts: () => ({
    version: readDebianVersion('prometheus-node-exporter'),
    settings: 'defaults, scraped once a second',
  }),
  findMissing: () => findMissingProgram('prometheus-node-exporter', 'prometheus-node-exporter'),
  start: async () => {
    const port = await findFreePort();
    const process = new PinnedProcess('prometheus-node-exporter', [`--web.listen-address=127.0.0.1:${port}`]);
    const agent = new http.Agent({ keepAlive: true });
    const ask = (): Promise<void> =>
      new Promise((resolve, reject) => {
        http
          .get({ port, host: '127.0.0.1', path: '/metrics', agent }, (answer) =>
            answer.resume().on('end', resolve),
          )
          .on('error', reject);
      });
    await process.waitFor(() =>
      ask().then(
        () => true,
        () => undefined,
      ),
    );
    return { process, ask };
  },
};

const COLLECTD: MachineAgentKind = {
  id: 'collectd',
  name: 'collectd',
  facts: () => ({
    version: readDebianVersion('collectd-core'),
    settings: 'cpu, load, memory, swap, df, interface each second, written as CSV',
  }),
  findMissing: () => findMissingProgram('collectd', 'collectd-core'),
  start: async () => {
    const folder = makeWorkDirectory('collectd');
    const config = path.join(folder, 'collectd.conf');
    const plugins = ['cpu', 'load', 'memory', 'swap', 'df', 'interface', 'csv'];
    writeFileSync(
      config,
      [
        `BaseDir "${folder}"`,
        'Interval 1',
        'Hostname "bench"',
        ...plugins.map((plugin) => `LoadPlugin ${plugin}`),
        `<Plugin csv>\n  DataDir "${folder}/csv"\n</Plugin>\n`,
      ].join('\n'),
    );
    return { process: new PinnedProcess('collectd', ['-f', '-C', config, '-P', path.join(folder, 'pid')]) };
  },
};

const NETDATA: MachineAgentKind = {
  id: 'netdata',
  name: 'netdata',
  facts: () => ({
    version: readDebianVersion('netdata-core'),
    settings:
      'as it comes, each second, its own database in memory; it reads far more than the four resources',
  }),
  findMissing: () => findMissingProgram('netdata', 'netdata-core'),
  start: async () => {
    const folder = makeWorkDirectory('netdata');
    const places = { cache: 'cache', lib: 'lib', log: 'log', lock: 'lock', home: 'lib' };
    for (const place of Object.values(places)) mkdirSync(path.join(folder, place), { recursive: true });
    const config = path.join(folder, 'netdata.conf');
    writeFileSync(
      config,
      [
        '[global]\n  run as user = root',
        '[directories]',
        ...Object.entries(places).map(([name, place]) => `  ${name} = ${path.join(folder, place)}`),
        `[web]\n  bind to = 127.0.0.1:${await findFreePort()}`,
        '[db]\n  mode = ram\n  update every = 1',
        '[registry]\n  enabled = no',
        '[ml]\n  enabled = no',
      ].join('\n'),
    );
    const args = ['-D', '-c', config, '-P', path.join(folder, 'pid')];
    return { process: new PinnedProcess('netdata', args, { DISABLE_TELEMETRY: '1' }) };
  },
};

const SYSTEMINFORMATION: MachineAgentKind = {
  id: 'systeminformation',
  name: 'a loop of systeminformation',
  facts: () => ({ settings: 'the four resources once a second, sent nowhere' }),
  findMissing: () => undefined,
  start: async () => {
    const { process } = await startServer('systeminformation-loop.ts');
    return { process };
  },
};

export const MACHINE_AGENTS: readonly MachineAgentKind[] = [
  watchkeeperOn('agent', 'the system’s Node', findOtherNode()),
  watchkeeperOn('agent-24', 'Node 24', process.execPath),
  NODE_EXPORTER,
  COLLECTD,
  NETDATA,
  SYSTEMINFORMATION,
];
