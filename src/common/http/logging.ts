import type { LoggerService } from '@nestjs/common';
import { Logger, type Params, PinoLogger } from 'nestjs-pino';

export interface LogOutput {
  write(text: string): unknown;
  /** A terminal gets short lines to read; anything else one JSON object a line. */
  readonly isTTY?: boolean;
}

const SECRET_PATHS = ['authorization', 'cookie', 'x-api-key', 'password', 'apiKey'].flatMap((key) => [
  `["${key}"]`,
  `*["${key}"]`,
  `*.*["${key}"]`,
]);
const LEVEL_NAMES: Record<number, string> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'fatal',
};
/** What JSON leaves as it is and a terminal or a line reader acts upon: DEL, C1, U+2028, U+2029, what turns text around. */
const UNESCAPED_CONTROLS = /[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;
const ALL_CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;

/**
 * The hub's logger: calm (no line per request; a request's id is in the lines about its failure),
 * secrets redacted, and no text from outside can start a line or move a cursor.
 */
export function createHubLogger(level: string, output: LogOutput = process.stdout): LoggerService {
  const destination = {
    write: (line: string) =>
      output.write(output.isTTY ? renderReadableLine(line) : line.replace(UNESCAPED_CONTROLS, escapeControl)),
  };
  const options = {
    level,
    base: null,
    redact: { paths: SECRET_PATHS, censor: '[redacted]' },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
  };
  const params: Params = { pinoHttp: [options, destination] };
  return new Logger(new PinoLogger(params), params);
}

function escapeControl(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** `19:30:01 warn  http: message`, and the stack below it where there is one. */
export function renderReadableLine(line: string): string {
  const entry = JSON.parse(line) as {
    level: number;
    time: string;
    context?: string;
    msg?: string;
    err?: { message: string; stack: string };
  };
  const { err } = entry;
  const level = (LEVEL_NAMES[entry.level] ?? '').padEnd(5);
  const context = entry.context === undefined ? '' : `${escapeOneLine(entry.context)}: `;
  const message = escapeOneLine(entry.msg ?? err?.message ?? '');
  const stack = err === undefined ? '' : `\n${err.stack.replace(ALL_CONTROLS, escapeControl)}`;
  return `${entry.time.slice(11, 19)} ${level} ${context}${message}${stack}\n`;
}

function escapeOneLine(text: string): string {
  return text.replace(ALL_CONTROLS, escapeControl).replaceAll('\n', '\\n').replaceAll('\t', ' ');
}
