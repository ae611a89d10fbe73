/** Exit code of a start that a restart cannot help: the configuration or the schema does not fit (sysexits' EX_CONFIG). */
export const EXIT_CONFIG = 78;

/** A start that cannot go on. The message is made for the operator: what is wrong and what to do, no stack, no secret. */
export class StartError extends Error {
  constructor(
    message: string,
    readonly exitCode = 1,
  ) {
    super(message);
    this.name = 'StartError';
  }
}
