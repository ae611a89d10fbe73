/** Where the start says what it does, one line a call; pino's logger and `console` both fit. */
export interface StartLog {
  info(line: string): void;
  warn(line: string): void;
  error(line: string): void;
}
