/**
 * The shape that one machine's reports have on the wire, learned from one of them.
 *
 * An agent writes the same text every time, but for the instant and the measured numbers. Where all text
 * between those is the same, byte for byte, as in a report that was read and checked before, it means the same:
 * then only the numbers are read, each under the bounds that it was held to. Whatever differs, is out of bounds or
 * just looks odd is not read here at all: `parseReport` reads it, and says what is wrong with it.
 */
import type { ParsedReport, ValueOrigin } from './parsed-report.js';
import { isRejection, parseReport } from './parse-report.js';
import { readReportTime } from './report-time.js';

/** What changes from report to report. */
export interface TemplateReading {
  /** Epoch milliseconds. */
  readonly at: number;
  /** In the order that the template was given. */
  readonly values: Float64Array;
  /** The first position behind the report. */
  readonly end: number;
}

/** A number that may be another one in each report. */
interface Variable {
  /** Where its digits stand in the text. */
  readonly start: number;
  readonly end: number;
  /** Position among the values, or `AT`. */
  readonly slot: number;
  readonly min: number;
  readonly max: number;
}

const AT = -1;
/** So many decimal digits are exact in a double, and so are these powers of ten: one division rounds as the norm says. */
const EXACT_DIGITS = 15;
const POWERS_OF_TEN = Float64Array.from({ length: EXACT_DIGITS + 1 }, (_, power) => 10 ** power);
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const UPPER_E = 0x45;
const LOWER_E = 0x65;

const isDigit = (code: number | undefined): boolean => code !== undefined && code >= ZERO && code <= NINE;

export class ReportTemplate {
  /** Bounds of the text before each variable, and behind the last one. */
  private readonly starts: Uint32Array;
  private readonly ends: Uint32Array;
  private readonly slots: Int32Array;
  private readonly mins: Float64Array;
  private readonly maxs: Float64Array;

  private constructor(
    private readonly text: Uint8Array,
    variables: readonly Variable[],
    private readonly learnedAt: number | null,
    private readonly learnedValues: Float64Array,
    /** Pairs of values of which the first must not exceed the second. */
    private readonly ordered: Uint16Array,
  ) {
    this.starts = Uint32Array.from([0, ...variables.map(({ end }) => end)]);
    this.ends = Uint32Array.from([...variables.map(({ start }) => start), text.length]);
    this.slots = Int32Array.from(variables, ({ slot }) => slot);
    this.mins = Float64Array.from(variables, ({ min }) => min);
    this.maxs = Float64Array.from(variables, ({ max }) => max);
  }

  /** Bytes that it keeps. */
  get size(): number {
    return this.text.length + this.slots.length * 28 + this.learnedValues.byteLength;
  }

  /**
   * @param text one report as it came, valid JSON in UTF-8
   * @param order order[i] = position in `parseReport`'s values of the i-th value that `read` gives
   * @returns undefined for a report that cannot be told by its text: one without numbers, one that is refused
   */
  static learn(text: Uint8Array, order: ArrayLike<number>, now: number): ReportTemplate | undefined {
    const tokens = findNumbers(text);
    const origins: ValueOrigin[] = [];
    const input = parsePieces(text, tokens, (start, end) => decode(text, start, end));
    const parsed = parseReport(input, now, origins);
    if (isRejection(parsed) || origins.length !== order.length) return undefined;
    // The same text with each number's ordinal in its place: tells where in the text each value stands.
    const ordinals = new Map<string, number>();
    collectNumbers(
      parsePieces(text, tokens, (_, __, ordinal) => String(ordinal)),
      '',
      ordinals,
    );
    const slotOf = new Map(Array.from(order, (position, slot) => [origins[position]!.path, slot]));
    const variables = new Map<number, Variable>();
    for (const [path, ordinal] of ordinals) {
      const [start, end] = tokens[ordinal]!;
      const slot = slotOf.get(path);
      const origin = slot === undefined ? undefined : origins[order[slot]!]!;
      if (path === '/at') variables.set(ordinal, { start, end, slot: AT, min: 0, max: Number.MAX_VALUE });
      else if (origin && !origin.isYardstick)
        variables.set(ordinal, { start, end, slot: slot!, min: origin.min, max: origin.max });
    }
    const hasInstant = (input as { at?: unknown }).at !== undefined;
    // An instant in words would be taken for text that never changes.
    if (variables.size === 0 || (hasInstant && !ordinals.has('/at'))) return undefined;
    return new ReportTemplate(
      // A copy even of a Buffer, whose `slice` gives the same memory.
      new Uint8Array(text),
      [...variables].sort(([a], [b]) => a - b).map(([, variable]) => variable),
      hasInstant ? parsed.at : null,
      takeInOrder(parsed, order),
      findOrdered(origins, slotOf),
    );
  }

  /**
   * Reads the report that begins at `from`.
   * @param now the hub's clock, epoch milliseconds
   * @returns undefined when it is not exactly of this shape, or anything about its numbers is amiss
   */
  read(body: Uint8Array, from: number, now: number): TemplateReading | undefined {
    const { text, starts, ends, slots } = this;
    const values = this.learnedValues.slice();
    let at = this.learnedAt ?? now;
    let position = from;
    for (let part = 0; part < starts.length; part++) {
      const end = ends[part]!;
      for (let index = starts[part]!; index < end; index++) {
        if (body[position] !== text[index]) return undefined;
        position++;
      }
      if (part === slots.length) break;
      const value = readNumber(body, position);
      // Written so that NaN, which stands for no number, does not pass.
      if (!(value >= this.mins[part]! && value <= this.maxs[part]!)) return undefined;
      position = numberEnd;
      if (slots[part] === AT) at = value;
      else values[slots[part]!] = value;
    }
    if (this.learnedAt !== null && typeof readReportTime(at, now) === 'string') return undefined;
    const { ordered } = this;
    for (let index = 0; index < ordered.length; index += 2) {
      if (values[ordered[index]!]! > values[ordered[index + 1]!]!) return undefined;
    }
    return { at, values, end: position };
  }
}

/** The first position from here on that belongs to no number. */
function findNumberEnd(body: Uint8Array, from: number): number {
  let end = from;
  while (end < body.length) {
    const code = body[end]!;
    const isOfNumber =
      (code >= ZERO && code <= NINE) ||
      code === DOT ||
      code === MINUS ||
      code === 0x2b ||
      code === LOWER_E ||
      code === UPPER_E;
    if (!isOfNumber) break;
    end++;
  }
  return end;
}

/** Where the number ended that `readNumber` has read: it is called fifty times a report, and returns but the value. */
let numberEnd = 0;

/** The JSON number that begins here; NaN when that is none. */
function readNumber(body: Uint8Array, start: number): number {
  const isNegative = body[start] === MINUS;
  const first = isNegative ? start + 1 : start;
  let position = first;
  let mantissa = 0;
  let digit = body[position]! - ZERO;
  while (digit >= 0 && digit <= 9) {
    mantissa = mantissa * 10 + digit;
    digit = body[++position]! - ZERO;
  }
  const wholeDigits = position - first;
  let decimals = 0;
  if (digit === DOT - ZERO) {
    const dot = position;
    digit = body[++position]! - ZERO;
    while (digit >= 0 && digit <= 9) {
      mantissa = mantissa * 10 + digit;
      digit = body[++position]! - ZERO;
    }
    decimals = position - dot - 1;
    if (decimals === 0) return NaN;
  }
  if (wholeDigits === 0 || (wholeDigits > 1 && body[first] === ZERO)) return NaN;
  const hasExponent = digit === LOWER_E - ZERO || digit === UPPER_E - ZERO;
  if (hasExponent || wholeDigits + decimals > EXACT_DIGITS) return readAnyNumber(body, start);
  numberEnd = position;
  const value = decimals === 0 ? mantissa : mantissa / POWERS_OF_TEN[decimals]!;
  return isNegative ? -value : value;
}

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** The same for numbers of any length, and with an exponent. */
function readAnyNumber(body: Uint8Array, start: number): number {
  numberEnd = findNumberEnd(body, start);
  const text = decode(body, start, numberEnd);
  return NUMBER.test(text) ? Number(text) : NaN;
}

/** Where the numbers of a JSON text stand, first and behind the last position of each. */
function findNumbers(text: Uint8Array): [number, number][] {
  const found: [number, number][] = [];
  for (let index = 0; index < text.length; index++) {
    const code = text[index]!;
    if (code === 0x22) {
      while (++index < text.length && text[index] !== 0x22) if (text[index] === 0x5c) index++;
    } else if (code === MINUS || isDigit(code)) {
      const end = findNumberEnd(text, index);
      found.push([index, end]);
      index = end - 1;
    }
  }
  return found;
}

/** Parses the text with something else in the place of each number. */
function parsePieces(
  text: Uint8Array,
  tokens: readonly [number, number][],
  write: (start: number, end: number, ordinal: number) => string,
): unknown {
  let spelled = '';
  let last = 0;
  tokens.forEach(([start, end], ordinal) => {
    spelled += decode(text, last, start) + write(start, end, ordinal);
    last = end;
  });
  return JSON.parse(spelled + decode(text, last, text.length));
}

/** JSON pointers of all numbers. */
function collectNumbers(value: unknown, path: string, found: Map<string, number>): void {
  if (typeof value === 'number') found.set(path, value);
  if (typeof value !== 'object' || value === null) return;
  for (const [name, inner] of Object.entries(value)) {
    collectNumbers(inner, `${path}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`, found);
  }
}

function takeInOrder({ values }: ParsedReport, order: ArrayLike<number>): Float64Array {
  return Float64Array.from(order, (position) => values[position]!);
}

function findOrdered(origins: readonly ValueOrigin[], slotOf: ReadonlyMap<string, number>): Uint16Array {
  return Uint16Array.from(
    origins.flatMap(({ path, notAbove }) => {
      const bound = notAbove === undefined ? undefined : slotOf.get(notAbove);
      return bound === undefined ? [] : [slotOf.get(path)!, bound];
    }),
  );
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

function decode(text: Uint8Array, start: number, end: number): string {
  return decoder.decode(text.subarray(start, end));
}
