import type { CustomReading } from '../../core/model/report.js';
import type { ParsedText } from './prometheus-text.js';

const FIELDS = ['name', 'value', 'unit', 'kind', 'labels'] as const;

/** Reads an array as the part `custom` of a report has it, alone or as `{"custom": […]}`. */
export function parseJsonMetrics(text: string): ParsedText {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    return { readings: [], problems: ['it is no JSON: half-written? Write beside it and rename'] };
  }
  const list = Array.isArray(content) ? content : (content as { custom?: unknown } | null)?.custom;
  if (!Array.isArray(list)) return { readings: [], problems: ['it must be an array, or {"custom": […]}'] };
  const items = list.filter((item) => typeof item === 'object' && item !== null && !Array.isArray(item));
  return {
    readings: items.map((item) => pickFields(item as Record<string, unknown>)),
    problems: items.length < list.length ? ['an item is no object'] : [],
  };
}

/** Whether each is what it should be is judged where all sources come together. */
function pickFields(item: Record<string, unknown>): CustomReading {
  const picked = FIELDS.filter((field) => Object.hasOwn(item, field)).map((field) => [field, item[field]]);
  return Object.fromEntries(picked) as CustomReading;
}
