/** The environment does not make a configuration: one line for each thing that is wrong, no secret in any of them. */
export class ConfigError extends Error {
  /** sysexits' EX_CONFIG: starting again changes nothing. */
  readonly exitCode = 78;

  constructor(readonly lines: readonly string[]) {
    super(lines.join('\n'));
    this.name = 'ConfigError';
  }
}
