import type { LoggerService } from '@nestjs/common';

/** What Nest says of its own start: of use when a module does not come up, and never to an operator. */
const FRAMEWORK_CONTEXTS: ReadonlySet<unknown> = new Set([
  'NestFactory',
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'GraphQLModule',
  'NestApplication',
]);

/** A logger for which the framework's own progress is a matter of `debug`. */
export function quietFramework(logger: LoggerService): LoggerService {
  return {
    log: (message: unknown, ...rest: unknown[]) => {
      if (FRAMEWORK_CONTEXTS.has(rest.at(-1))) logger.debug?.(message, ...rest);
      else logger.log(message, ...rest);
    },
    fatal: (message: unknown, ...rest: unknown[]) => logger.fatal?.(message, ...rest),
    error: (message: unknown, ...rest: unknown[]) => logger.error(message, ...rest),
    warn: (message: unknown, ...rest: unknown[]) => logger.warn(message, ...rest),
    debug: (message: unknown, ...rest: unknown[]) => logger.debug?.(message, ...rest),
    verbose: (message: unknown, ...rest: unknown[]) => logger.verbose?.(message, ...rest),
  };
}
