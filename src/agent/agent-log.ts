import { toPrintableLine } from './printable.js';

export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
/** `auto`: plain on a terminal, JSON elsewhere. */
export const LOG_FORMATS = ['auto', 'json', 'plain'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

/** Writes one line: a JSON object, or plain words. `fields` are values of ours, never text that the hub sent. */
export type AgentLog = (level: LogLevel, message: string, fields?: Record<string, unknown>) => void;

export interface AgentLogOptions {
  lowest: LogLevel;
  format: LogFormat;
  /** Texts that are never written, wherever they came from. */
  secrets: readonly string[];
}

/** A log on standard error. */
export function createAgentLog({ lowest, format, secrets }: AgentLogOptions): AgentLog {
  const isPlain = format === 'plain' || (format === 'auto' && process.stderr.isTTY);
  return (level, message, fields = {}) => {
    if (LOG_LEVELS.indexOf(level) > LOG_LEVELS.indexOf(lowest)) return;
    const time = new Date().toISOString();
    let line = isPlain
      ? `${time} ${level.padEnd(5)} ${message}${spellFields(fields)}`
      : JSON.stringify({ time, level, message, ...fields });
    for (const secret of secrets) line = line.replaceAll(secret, '[secret]');
    process.stderr.write(`${toPrintableLine(line)}\n`);
  };
}

function spellFields(fields: Record<string, unknown>): string {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${name}=${JSON.stringify(value)}`)
    .join('');
}
