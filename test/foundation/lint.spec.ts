import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const repository = process.cwd();

interface Finding {
  filename: string;
  message: string;
  help?: string;
}

const offences: Record<string, { file: string; code: string; reason: RegExp }> = {
  'a lower rank that imports a higher one': {
    file: 'src/auth/offence-a.ts',
    code: "import { live } from '../live/live.js';\nexport const x = live;",
    reason: /imports only from lower ranks/,
  },
  'a folder that imports sideways': {
    file: 'src/series/deep/offence-b.ts',
    code: "import type { Live } from '../../live/live.js';\nexport type X = Live;",
    reason: /nothing sideways/,
  },
  'a part that imports the whole': {
    file: 'src/collector/offence-c.ts',
    code: "import { AppModule } from '../app.module.js';\nexport const x = AppModule;",
    reason: /nothing imports them/,
  },
  'a package in core': {
    file: 'src/core/model/offence-d.ts',
    code: "import { readFileSync } from 'node:fs';\nexport const x = readFileSync;",
    reason: /core\/ is pure/,
  },
  'the clock in core': {
    file: 'src/core/codec/offence-e.ts',
    code: 'export const x = Date.now();',
    reason: /core\/ is pure: take the time as an argument|Date\.now/,
  },
  'chance in core': {
    file: 'src/core/blocks/offence-f.ts',
    code: 'export const x = Math.random();',
    reason: /Math\.random/,
  },
  'the environment in core': {
    file: 'src/core/alerts/offence-g.ts',
    code: 'export const x = process.env.X;',
    reason: /'process'/,
  },
  'core that leaves core': {
    file: 'src/core/blocks/offence-h.ts',
    code: "import { config } from '../../config/config.js';\nexport const x = config;",
    reason: /nothing from outside core/,
  },
  'a model that knows its codec': {
    file: 'src/core/model/offence-i.ts',
    code: "import { encode } from '../codec/codec.js';\nexport const x = encode;",
    reason: /core\/model imports only core\/errors/,
  },
  'a shell in the hub': {
    file: 'src/monitors/offence-j.ts',
    code: "import { spawn } from 'node:child_process';\nexport const x = spawn;",
    reason: /starts no process/,
  },
  'a request past the guard': {
    file: 'src/forwarding/offence-y.ts',
    code: "import { request } from 'node:https';\nexport const x = request;",
    reason: /common\/outbound alone/,
  },
  'a connection past the guard': {
    file: 'src/notifications/offence-z.ts',
    code: "import { connect } from 'node:net';\nexport const x = connect;",
    reason: /common\/outbound alone/,
  },
  'a fetch past the guard': {
    file: 'src/auth/offence-aa.ts',
    code: "export const x = () => fetch('https://example.org');",
    reason: /common\/outbound alone/,
  },
  'an undici request past the guard': {
    file: 'src/common/http/offence-ab.ts',
    code: "import { request } from 'undici';\nexport const x = request;",
    reason: /common\/outbound alone/,
  },
  'a shell in the agent': {
    file: 'src/agent/offence-k.ts',
    code: "import { exec } from 'child_process';\nexport const x = exec;",
    reason: /only reads/,
  },
  'evaluated code in the agent': {
    file: 'src/agent/offence-l.ts',
    code: "import { runInNewContext } from 'node:vm';\nexport const x = [runInNewContext, eval('1')];",
    reason: /only reads/,
  },
  'an agent that listens': {
    file: 'src/agent/offence-m.ts',
    code: "import * as http from 'node:http';\nexport const x = http.createServer();",
    reason: /only reads|createServer/,
  },
  'an agent with sockets of its own': {
    file: 'src/agent/offence-x.ts',
    code: "import { createServer } from 'node:net';\nexport const x = createServer;",
    reason: /only reads/,
  },
  'an agent that knows the hub': {
    file: 'src/agent/offence-n.ts',
    code: "import { monitors } from '../monitors/monitors.js';\nexport const x = monitors;",
    reason: /ships alone/,
  },
  'a package in the agent': {
    file: 'src/agent/offence-o.ts',
    code: "import { Injectable } from '@nestjs/common';\nexport const x = Injectable;",
    reason: /without packages/,
  },
  'a probe on the network': {
    file: 'src/probes/offence-p.ts',
    code: "import { connect } from 'node:net';\nexport const x = connect;",
    reason: /only read this machine/,
  },
  'eval anywhere': { file: 'src/live/offence-q.ts', code: "export const x = eval('1');", reason: /eval/ },
  any: { file: 'src/live/offence-r.ts', code: 'export const x = (y: any) => y;', reason: /any/ },
  'a migration that imports the hub': {
    file: 'migrations/offence-s.ts',
    code: "import { live } from '../src/live/live.js';\nexport const x = live;",
    reason: /stays as it was/,
  },
  'a page that imports the hub': {
    file: 'web/src/lib/offence-t.ts',
    code: "import { live } from '../../../src/live/live.js';\nexport const x = live;",
    reason: /schema\.graphql only/,
  },
  'a chart outside charts/': {
    file: 'web/src/lib/monitors/offence-u.ts',
    code: "import uPlot from 'uplot';\nexport const x = uPlot;",
    reason: /Only web\/src\/lib\/charts/,
  },
  'a file beyond its size': {
    file: 'src/live/offence-v.ts',
    code: Array.from({ length: 400 }, (_, i) => `export const x${i} = ${i};`).join('\n'),
    reason: /too many lines/,
  },
  'a function beyond its size': {
    file: 'src/live/offence-w.ts',
    code: `export function long() {\n${Array.from({ length: 80 }, (_, i) => `  console.log(${i});`).join('\n')}\n}`,
    reason: /too many lines/,
  },
};

const allowed: Record<string, string> = {
  'src/series/allowed-a.ts': "import { a } from '../auth/session.js';\nexport const x = a;",
  'src/storage/allowed-b.ts': "import { a } from '../core/blocks/block.js';\nexport const x = a;",
  'src/core/blocks/allowed-c.ts': "import { a } from '../codec/codec.js';\nexport const x = a;",
  'src/core/model/allowed-d.ts': "import { a } from '../errors.js';\nexport const x = a;",
  'src/agent/allowed-e.ts':
    "import { a } from '../probes/cpu.js';\nimport 'node:http';\nimport { isIP } from 'node:net';\nexport const x = [a, isIP];",
  'src/database/allowed-f.ts': "import { spawn } from 'node:child_process';\nexport const x = spawn;",
  'src/common/outbound/allowed-j.ts': "import { request } from 'node:https';\nexport const x = request;",
  'src/live/allowed-k.ts':
    "import type { Server } from 'node:http';\nimport { isIP, type Socket } from 'node:net';\nexport const x = (a: Server, b: Socket) => [a, b, isIP];",
  'src/probes/allowed-g.ts': "import { Worker } from 'node:worker_threads';\nexport const x = Worker;",
  'src/core/model/allowed-h.spec.ts':
    "import { readFileSync } from 'node:fs';\nexport const x = readFileSync;",
  'web/src/lib/charts/allowed-i.ts': "import uPlot from 'uplot';\nexport const x = uPlot;",
};

let tree: string;
let findings: Finding[];

function plant(path: string, code: string): void {
  mkdirSync(dirname(join(tree, path)), { recursive: true });
  writeFileSync(join(tree, path), `${code}\n`);
}

function readReasons(file: string): string {
  return findings
    .filter(({ filename }) => filename.endsWith(file))
    .map(({ message, help }) => `${message} ${help ?? ''}`)
    .join('\n');
}

beforeAll(() => {
  tree = mkdtempSync(join(tmpdir(), 'watchkeeper-lint-'));
  cpSync(join(repository, '.oxlintrc.json'), join(tree, '.oxlintrc.json'));
  for (const { file, code } of Object.values(offences)) plant(file, code);
  for (const [file, code] of Object.entries(allowed)) plant(file, code);
  plant('src/health/cycle-a.ts', "import { b } from './cycle-b.js';\nexport const a = () => b;");
  plant('src/health/cycle-b.ts', "import { a } from './cycle-a.js';\nexport const b = () => a;");
  const { stdout } = spawnSync(join(repository, 'node_modules/.bin/oxlint'), ['-f', 'json', '.'], {
    cwd: tree,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  findings = (JSON.parse(stdout) as { diagnostics: Finding[] }).diagnostics;
});

afterAll(() => rmSync(tree, { recursive: true, force: true }));

describe('the linter', () => {
  it.each(Object.entries(offences))('refuses %s and says why', (_name, { file, reason }) => {
    expect(readReasons(file)).toMatch(reason);
  });

  it('refuses a cycle of imports', () => {
    expect(readReasons('src/health/cycle-a.ts')).toMatch(/cycle/i);
  });

  it.each(Object.keys(allowed))('lets %s pass', (file) => {
    expect(readReasons(file)).toBe('');
  });

  it('knows the rank of every folder of the hub', () => {
    const { overrides } = JSON.parse(readFileSync(join(repository, '.oxlintrc.json'), 'utf8')) as {
      overrides: { files: string[] }[];
    };
    const ranked = overrides.flatMap(({ files }) => files);
    const folders = readdirSync(join(repository, 'src'), { withFileTypes: true }).filter((entry) =>
      entry.isDirectory(),
    );

    expect(folders.map(({ name }) => `src/${name}/**`).filter((files) => !ranked.includes(files))).toEqual(
      [],
    );
  });
});

describe('the rules for the page', () => {
  it.each([
    ['<p>{@html name}</p>', /never as HTML/],
    ['<script>element.innerHTML = name;</script>', /must never become HTML/],
    ['<p style="color: red">x</p>', /refuses style attributes/],
  ])('refuse %s', (code, reason) => {
    plant('web/src/routes/+page.svelte', code);
    const end = spawnSync(process.execPath, [join(repository, 'scripts/lint-page.mjs'), tree], {
      encoding: 'utf8',
    });

    expect(end.status).toBe(1);
    expect(end.stderr).toMatch(reason);
  });
});
