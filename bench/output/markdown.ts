import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import type { PartResult, ResultRow } from '../parts/part.js';
import { listColumns, show } from './print-result.js';

const DOCUMENT = new URL('../../docs/benchmarks.md', import.meta.url);

export interface TimedResult extends PartResult {
  readonly title: string;
  readonly seconds: number;
  readonly loadAverageBefore: number;
}

/** What `bench/results` keeps of a run. */
export interface Run {
  readonly startedAt: string;
  readonly isQuick: boolean;
  readonly machine: Readonly<Record<string, string>>;
  readonly results: readonly TimedResult[];
}

/**
 * Puts a run's figures into docs/benchmarks.md, each part's between its own pair of markers, so that a run of
 * some parts leaves the others as they were.
 */
export async function writeIntoDocument(run: Run): Promise<void> {
  let text = readFileSync(DOCUMENT, 'utf8');
  for (const [name, content] of renderSections(run)) {
    const [begin, end] = [`<!-- bench:${name} -->`, `<!-- /bench:${name} -->`];
    const [from, to] = [text.indexOf(begin), text.indexOf(end)];
    if (from < 0 || to < from) {
      console.warn(`! docs/benchmarks.md has no place ${begin} … ${end}: these figures are left out`);
      continue;
    }
    text = `${text.slice(0, from + begin.length)}\n\n${content}\n\n${text.slice(to)}`;
  }
  const options = await resolveConfig(fileURLToPath(DOCUMENT));
  writeFileSync(DOCUMENT, await format(text, { ...options, parser: 'markdown' }));
}

/** Sections by the name of their markers. */
export function renderSections(run: Run): Map<string, string> {
  const sections = new Map(run.results.map((result) => [result.part, renderPart(run, result)]));
  sections.set('run', renderRun(run));
  sections.set('verdict', renderVerdict(run.results));
  return sections;
}

function renderRun({ startedAt, machine, results }: Run): string {
  const facts: Record<string, Readonly<Record<string, string>>> = Object.assign(
    {},
    ...results.map((result) => result.facts),
  );
  const lines = Object.entries(machine).map(([name, value]) => `${name}: ${value}`);
  const minutes = results.map(({ part, seconds }) => `${part} ${Math.ceil(seconds / 60)}`).join(', ');
  const total = Math.ceil(results.reduce((sum, { seconds }) => sum + seconds, 0) / 60);
  return [
    `Begun ${startedAt.slice(0, 16).replace('T', ' ')} UTC. ${lines.join('; ')}. Minutes: ${minutes}; ${total} in all.`,
    '',
    ...Object.entries(facts).map(([who, ofWhom]) => {
      const texts = Object.entries(ofWhom).map(([name, value]) => `${name}: ${value}`);
      return `- **${who}**: ${texts.join('; ')}`;
    }),
  ].join('\n');
}

function renderPart({ startedAt, isQuick }: Run, result: TimedResult): string {
  const when = `${startedAt.slice(0, 10)}, load average before ${result.loadAverageBefore}`;
  return [
    `${result.title}. ${when}${isQuick ? ', **a quick run: compares nothing**' : ''}.`,
    renderTable(result.rows),
    ...(result.ratios.length > 0 ? [renderTable(result.ratios)] : []),
    result.notes.map((note) => `- ${note}`).join('\n'),
  ].join('\n\n');
}

/** Every figure that has a limit, the missed ones first: what we lose as plainly as what we win. */
function renderVerdict(results: readonly TimedResult[]): string {
  const judged = results.flatMap(({ part, ratios }) =>
    ratios.flatMap((row) => {
      const [figure, gate] = [figureOf(row), row.values['gate']];
      if (typeof figure !== 'number' || typeof gate !== 'number' || Number.isNaN(figure)) return [];
      return [{ part, row, figure, gate }];
    }),
  );
  const describe = ({ part, row, figure, gate }: (typeof judged)[number]): string =>
    `- ${part}: ${row.target}, ${row.case}: **${figure}** (limit ${gate})`;
  const lost = judged.filter(({ figure, gate }) => figure > gate);
  const won = judged.filter(({ figure, gate }) => figure <= gate);
  return [
    `**Missed** (${lost.length} of ${judged.length}):`,
    lost.map(describe).join('\n') || '- nothing',
    '**Reached**:',
    won.map(describe).join('\n') || '- nothing',
  ].join('\n\n');
}

/** The one that the limit is for. */
function figureOf({ values }: ResultRow): number | string | null | undefined {
  return values['ratio'] ?? values['value'] ?? values['p50 ratio'] ?? values['CPU ratio'];
}

function renderTable(rows: readonly ResultRow[]): string {
  const columns = listColumns(rows);
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [
    line(['', '', ...columns]),
    line(['---', '---', ...columns.map(() => '---:')]),
    ...rows.map((row) => line([row.target, row.case, ...columns.map((column) => show(row.values[column]))])),
  ].join('\n');
}
