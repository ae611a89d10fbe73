/**
 * The hub and its peers in turn, in one run, on the same data. See docs/benchmarks.md.
 *
 *     npm run bench                            every part, about 25 minutes
 *     npm run bench -- --quick                 every path once, in minutes: shows that it works, compares nothing
 *     npm run bench -- ingest query            some parts: ingest fleet disk query latest push outage agent flood forward
 *     npm run bench -- ingest --only=hub,victoria-metrics
 *     npm run bench -- --markdown              the figures also go into docs/benchmarks.md
 *     npm run bench -- --from=FILE,FILE        measures nothing: puts the figures of bench/results/FILE there; of a
 *                                              part that several have, those of the last
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { describeMachine } from './output/describe-machine.js';
import { type Run, type TimedResult, writeIntoDocument } from './output/markdown.js';
import { printFacts, printResult } from './output/print-result.js';
import { AGENT } from './parts/agent.part.js';
import { DISK } from './parts/disk.part.js';
import { FLOOD } from './parts/flood.part.js';
import { FLEET } from './parts/fleet.part.js';
import { FORWARD } from './parts/forward.part.js';
import { INGEST } from './parts/ingest.part.js';
import { LATEST } from './parts/latest.part.js';
import { OUTAGE } from './parts/outage.part.js';
import { PUSH } from './parts/push.part.js';
import { QUERY } from './parts/query.part.js';
import { pinClient } from './process/cores.js';

const PARTS = [INGEST, FLEET, DISK, QUERY, LATEST, PUSH, OUTAGE, AGENT, FLOOD, FORWARD];
const RESULTS = new URL('./results/', import.meta.url);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    markdown: { type: 'boolean', default: false },
    from: { type: 'string' },
  },
});
if (values.from !== undefined) {
  await writeIntoDocument(joinRuns(values.from.split(',')));
  process.exit(0);
}
const chosen = positionals.length === 0 ? PARTS : PARTS.filter(({ id }) => positionals.includes(id));
const unknown = positionals.filter((name) => !PARTS.some(({ id }) => id === name));
if (unknown.length > 0) {
  console.error(`no such part: ${unknown.join(', ')}. There are: ${PARTS.map(({ id }) => id).join(', ')}`);
  process.exit(2);
}

pinClient();
const startedAt = new Date();
const machine = describeMachine();
console.log(
  Object.entries(machine)
    .map(([name, value]) => `${name}: ${value}`)
    .join('\n'),
);
const results: TimedResult[] = [];
for (const part of chosen) {
  console.log(`\n${part.title}`);
  const begunAt = Date.now();
  const loadAverageBefore = Number(describeMachine()['load average']!.split(' ')[0]);
  const result = await part.run({
    isQuick: values.quick,
    targets: values.only.split(',').filter(Boolean),
    earlier: results,
  });
  const seconds = Math.round((Date.now() - begunAt) / 1000);
  results.push({ ...result, title: part.title, seconds, loadAverageBefore });
  printResult(result);
}
console.log('');
printFacts(results);
mkdirSync(RESULTS, { recursive: true });
const file = new URL(
  `${startedAt.toISOString().slice(0, 19).replaceAll(':', '')}${values.quick ? '-quick' : ''}.json`,
  RESULTS,
);
const run: Run = { startedAt: startedAt.toISOString(), isQuick: values.quick, machine, results };
writeFileSync(file, `${JSON.stringify(run, null, 2)}\n`);
if (values.markdown) await writeIntoDocument(run);
console.log(`\nwritten to ${fileURLToPath(file)}`);
process.exit(0);

function joinRuns(files: readonly string[]): Run {
  const runs = files.map((file) => JSON.parse(readFileSync(new URL(file, RESULTS), 'utf8')) as Run);
  const byPart = new Map(runs.flatMap(({ results }) => results.map((result) => [result.part, result])));
  const results = PARTS.flatMap(({ id }) => byPart.get(id) ?? []);
  return { ...runs.at(-1)!, isQuick: runs.some(({ isQuick }) => isQuick), results };
}
