import { MAX_TEXT_BYTES, MAX_TEXT_CODE_POINTS } from './limits.js';

/** A refusal of one value of a report; the caller adds where it stood. */
export type TextFault = 'wrong_type' | 'bad_text' | 'too_long';

// NUL, other C0 and C1 controls: Postgres text cannot hold the first, no terminal should see the rest.
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;
/** Half of a pair alone; `isWellFormed` says the same, but agents run on Node.js 18 too. */
const LONE_SURROGATE = /\p{Surrogate}/u;
const ASCII_ONLY = /^[\u0020-\u007e]*$/;

/**
 * Checks a name that a sender chose (mount, interface, label value) and gives its one spelling (NFC).
 * Returns the fault where it is no acceptable text.
 */
export function readText(value: unknown): { text: string } | { fault: TextFault } {
  if (typeof value !== 'string') return { fault: 'wrong_type' };
  if (ASCII_ONLY.test(value)) {
    return value.length > MAX_TEXT_CODE_POINTS ? { fault: 'too_long' } : { text: value };
  }
  // Four UTF-16 units a code point is more than any text within the limit has; normalising more than that is work for nothing.
  if (value.length > MAX_TEXT_CODE_POINTS * 4) return { fault: 'too_long' };
  if (CONTROL.test(value) || LONE_SURROGATE.test(value)) return { fault: 'bad_text' };
  const text = value.normalize('NFC');
  if ([...text].length > MAX_TEXT_CODE_POINTS || utf8Length(text) > MAX_TEXT_BYTES)
    return { fault: 'too_long' };
  return { text };
}

function utf8Length(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const code = character.codePointAt(0)!;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return bytes;
}
