export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Writes one JSON object a line; `fields` are values of ours, never text that the hub sent. */
export type AgentLog = (level: LogLevel, message: string, fields?: Record<string, unknown>) => void;

/** A log on standard error. A text that holds `secret` is written without it, wherever it came from. */
export function createAgentLog(lowest: LogLevel, secret: string): AgentLog {
  return (level, message, fields = {}) => {
    if (LOG_LEVELS.indexOf(level) > LOG_LEVELS.indexOf(lowest)) return;
    const line = JSON.stringify({ time: new Date().toISOString(), level, message, ...fields });
    process.stderr.write(`${line.replaceAll(secret, '[key]')}\n`);
  };
}
