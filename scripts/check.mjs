// The one check before a commit: `npm run check`, or `npm run check lint types` for the steps with that name.
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

const steps = [
  { name: 'format', command: 'prettier --check --log-level warn .', hint: 'npm run format' },
  { name: 'lint', command: 'oxlint --deny-warnings . && node scripts/lint-page.mjs' },
  { name: 'types of the hub', command: 'tsc --noEmit' },
  { name: 'types of the page', command: 'npm -w web run --silent check' },
  { name: 'schema.graphql', command: 'node dist/src/print-schema.js --check', hint: 'npm run schema' },
  {
    name: 'queries of the page',
    command: 'npm -w web run --silent codegen -- --check',
    hint: 'npm -w web run codegen',
  },
  { name: 'unit tests of the page', command: 'npm -w web test --silent' },
  {
    name: 'unit tests of the hub',
    command: 'node --experimental-vm-modules --no-warnings node_modules/jest/bin/jest.js src/',
  },
];

function runStep({ name, command, hint }) {
  const startedAt = Date.now();
  const output = [];
  const child = spawn('sh', ['-c', command], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PATH: join(root, 'node_modules', '.bin') + delimiter + process.env.PATH },
  });
  child.stdout.on('data', (chunk) => output.push(chunk));
  child.stderr.on('data', (chunk) => output.push(chunk));
  return new Promise((resolve) => {
    child.on('close', (code) => {
      const isGood = code === 0;
      const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
      if (!isGood) process.stdout.write(Buffer.concat(output));
      console.log(
        `${isGood ? 'ok    ' : 'FAILED'}  ${name}  ${seconds} s${!isGood && hint ? `  (${hint})` : ''}`,
      );
      resolve(isGood);
    });
  });
}

async function runSteps(chosen) {
  const waiting = [...chosen];
  const results = [];
  const runLane = async () => {
    for (let step = waiting.shift(); step; step = waiting.shift()) results.push(await runStep(step));
  };
  await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, runLane));
  return results;
}

const words = process.argv.slice(2);
const chosen = words.length ? steps.filter(({ name }) => words.some((word) => name.includes(word))) : steps;
const results = await runSteps(chosen);
const failed = results.filter((isGood) => !isGood).length;
console.log(
  failed ? `\n${failed} of ${results.length} checks failed` : `\nall ${results.length} checks passed`,
);
process.exitCode = failed || results.length === 0 ? 1 : 0;
