import type { PartResult, ResultRow } from '../parts/part.js';

export function printResult(result: PartResult): void {
  printTable(result.rows);
  if (result.ratios.length > 0) {
    console.log('');
    printTable(result.ratios);
  }
  for (const note of result.notes) console.log(`  · ${note}`);
}

/** Who was measured, once for all parts. */
export function printFacts(results: readonly PartResult[]): void {
  const byName = Object.assign({}, ...results.map(({ facts }) => facts)) as PartResult['facts'];
  for (const [who, facts] of Object.entries(byName)) {
    const texts = Object.entries(facts).map(([name, value]) => `${name}: ${value}`);
    console.log(`${who}\n    ${texts.join('\n    ')}`);
  }
}

function printTable(rows: readonly ResultRow[]): void {
  const columns = listColumns(rows);
  const lines = [
    ['', '', ...columns],
    ...rows.map((row) => [row.target, row.case, ...columns.map((column) => show(row.values[column]))]),
  ];
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  for (const line of lines) {
    // Names read from the left, figures from the right.
    const cells = line.map((cell, column) =>
      column < 2 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!),
    );
    console.log(`  ${cells.join('  ')}`.trimEnd());
  }
}

/** Every column that any row has. */
export function listColumns(rows: readonly ResultRow[]): string[] {
  return [...new Set(rows.flatMap(({ values }) => Object.keys(values)))];
}

export function show(value: number | string | null | undefined): string {
  if (value === null || value === undefined || Number.isNaN(value)) return '–';
  return String(value);
}
