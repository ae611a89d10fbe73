/** What a terminal acts upon or a reader of lines takes for an end: controls (C0 but line breaks and tabs, DEL, C1), U+2028, U+2029, and what turns text around. */
const UNPRINTABLE =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]|\p{Surrogate}/gu;

const escape = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** Text that may hold names of this machine or words of a server, for a terminal or a log: escaped as JSON does, so that JSON stays what it was. Line breaks stay. */
export function toPrintable(text: string): string {
  return text.replace(UNPRINTABLE, escape);
}

/** As `toPrintable`, on one line. */
export function toPrintableLine(text: string): string {
  return toPrintable(text).replaceAll('\n', '\\n').replaceAll('\t', ' ');
}
