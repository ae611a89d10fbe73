import type { ParsedReport } from './parsed-report.js';
import type { TopProcess } from './report.js';
import { ignore, isObject, Refusal, takeNumber, takeText } from './report-values.js';

/** Far more than any agent lists. */
const MAX_LISTED = 50;

/** Reads the list `processes.top`: who is busy just now, not a sample. @throws Refusal */
export function readTopProcesses(value: unknown, parsed: ParsedReport): void {
  if (!Array.isArray(value)) throw new Refusal('wrong_type', '/processes/top');
  if (value.length > MAX_LISTED) throw new Refusal('too_long', '/processes/top');
  parsed.topProcesses = value.map((item: unknown, index): TopProcess => {
    const path = `/processes/top/${index}`;
    if (!isObject(item)) throw new Refusal('wrong_type', path);
    const process: TopProcess = {
      name: takeText(item['name'], `${path}/name`),
      count: takeAmount(item['count'], `${path}/count`, Number.MAX_SAFE_INTEGER),
    };
    if (item['cpuPercent'] !== undefined) {
      process.cpuPercent = takeAmount(item['cpuPercent'], `${path}/cpuPercent`, 100);
    }
    if (item['memoryBytes'] !== undefined) {
      process.memoryBytes = takeAmount(item['memoryBytes'], `${path}/memoryBytes`, Number.MAX_SAFE_INTEGER);
    }
    for (const field in item) if (!FIELDS.has(field)) ignore(parsed, `processes.top.${field}`);
    return process;
  });
}

const FIELDS: ReadonlySet<string> = new Set(['name', 'count', 'cpuPercent', 'memoryBytes']);

function takeAmount(value: unknown, path: string, most: number): number {
  const amount = takeNumber(value, 'gauge', path);
  if (amount < 0 || amount > most) throw new Refusal('out_of_range', path);
  return amount;
}
