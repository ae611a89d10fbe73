import type { AuditEntry } from './audit-reader.js';

/** What JSON leaves as it is and a terminal or a line reader acts upon: DEL, C1, line and paragraph ends, bidi marks. */
const UNESCAPED_CONTROLS = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** One entry as one line of JSON with its end: no text in it can start a line or move a cursor. */
export function renderAuditLine(entry: AuditEntry): string {
  const line = JSON.stringify(entry).replace(
    UNESCAPED_CONTROLS,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `${line}\n`;
}
