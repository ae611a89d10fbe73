// Builds the agents: each one file that any Node from 18 on runs, without a single package beside it.
//   agent.cjs            Linux; reads files of the kernel, nothing but our own code in it
//   agent-portable.cjs   macOS and Windows; has the library systeminformation in it
// and puts the installer beside them.
// usage: node scripts/build-agent.mjs [folder, dist by default]
import { copyFileSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

const folder = process.argv[2] ?? 'dist';

await build({
  absWorkingDir: root,
  entryPoints: [
    { in: 'src/agent/main.ts', out: 'agent' },
    { in: 'src/agent/main-portable.ts', out: 'agent-portable' },
  ],
  outdir: folder,
  outExtension: { '.js': '.cjs' },
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
copyFileSync(join(root, 'src/enrolment/install.sh'), join(resolve(root, folder), 'install.sh'));
