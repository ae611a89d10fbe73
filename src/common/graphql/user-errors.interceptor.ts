import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { Injectable } from '@nestjs/common';
import type { GraphQLResolveInfo } from 'graphql';
import type { Observable } from 'rxjs';
import { catchError, of, throwError } from 'rxjs';
import { DomainError, ERROR_STATUS } from '../../core/errors.js';
import { InputError } from '../problem.js';
import type { UserErrorModel } from './user-error.model.js';

/**
 * Turns an expected refusal of a mutation into the `userErrors` of its payload. What the caller cannot
 * mend (not signed in, hub in trouble) stays an error of the operation.
 */
@Injectable()
export class UserErrorsInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    // A query has no payload to say it in: there a refusal is an error.
    if (context.getArgByIndex<GraphQLResolveInfo>(3).parentType.name !== 'Mutation') return next.handle();
    return next.handle().pipe(
      catchError((error: unknown) => {
        const userErrors = readUserErrors(error);
        return userErrors ? of({ userErrors }) : throwError(() => error);
      }),
    );
  }
}

function readUserErrors(error: unknown): UserErrorModel[] | undefined {
  if (error instanceof InputError) return error.faults.map((fault) => ({ ...fault }));
  if (!(error instanceof DomainError)) return undefined;
  const status = ERROR_STATUS[error.code];
  if (status === 401 || status >= 500) return undefined;
  return [{ code: error.code, message: error.message, path: error.path }];
}
