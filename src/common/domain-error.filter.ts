import { type ArgumentsHost, Catch, type ExceptionFilter, Logger } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { describeSlowStatement, isDatabaseSlow, readErrorCode, sendProblem } from './problem.js';

/** The one place where an error of a REST route becomes an answer. GraphQL has its own (`formatGraphqlError`). */
@Catch()
export class DomainErrorFilter implements ExceptionFilter {
  private readonly logger = new Logger('http');

  catch(error: unknown, host: ArgumentsHost): void {
    if (host.getType<'http' | 'graphql'>() === 'graphql') throw error;
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    if (readErrorCode(error) === 'internal') {
      const stack = error instanceof Error ? error.stack : undefined;
      this.logger.error(`request ${reply.request.id} failed`, stack);
    }
    if (isDatabaseSlow(error))
      this.logger.warn(`request ${reply.request.id} was given up: ${describeSlowStatement(error)}`);
    sendProblem(reply, error);
  }
}
