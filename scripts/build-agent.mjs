// Builds the agent: one file that any Node from 18 on runs, without a single package.
// usage: node scripts/build-agent.mjs [file, dist/agent.cjs by default]
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

await build({
  absWorkingDir: root,
  entryPoints: ['src/agent/main.ts'],
  outfile: process.argv[2] ?? 'dist/agent.cjs',
  bundle: true,
  platform: 'node',
  target: 'node18',
  format: 'cjs',
  // The file's own address, for the threads that run it again; CommonJS has no import.meta.
  banner: {
    js: `'use strict';\nconst agentFileUrl = require('node:url').pathToFileURL(__filename).href;`,
  },
  define: { AGENT_VERSION: JSON.stringify(version), 'import.meta.url': 'agentFileUrl' },
  logLevel: 'warning',
});
