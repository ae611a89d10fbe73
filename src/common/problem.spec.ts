import { QueryFailedError } from 'typeorm';
import { DomainError } from '../core/errors.js';
import { describeSlowStatement, explainError, isDatabaseAway, readErrorCode } from './problem.js';

const fault = (fields: Record<string, unknown>, message = 'x') => Object.assign(new Error(message), fields);

describe('an error of the database', () => {
  it.each([
    fault({ code: '57P01' }),
    fault({ code: '08006' }),
    fault({ code: 'ECONNREFUSED', syscall: 'connect' }),
    fault({ code: 'ENOENT', syscall: 'connect' }),
    new Error('Connection terminated unexpectedly'),
    new QueryFailedError('select 1', [], fault({ code: '57P03' })),
  ])('%# that is away is no fault of the request', (error) => {
    expect(readErrorCode(error)).toBe('storage_unavailable');
  });

  it.each([fault({ code: '23505' }), fault({ code: 'ENOENT', syscall: 'open' }), new Error('other'), 'text'])(
    '%# that has another cause stays what it is',
    (error) => {
      expect(isDatabaseAway(error)).toBe(false);
      expect(readErrorCode(error)).toBe('internal');
    },
  );

  it.each(['57014', '55P03', '40P01'])('%s that it gave up is told as one to try again', (code) => {
    const slow = new QueryFailedError('select secret from t where a = $1', ['value'], fault({ code }, 'cut'));
    expect(readErrorCode(slow)).toBe('overloaded');
    expect(explainError(slow)).toMatchObject({ code: 'overloaded', retryAfterSeconds: 5 });
    expect(describeSlowStatement(slow)).toBe('cut: select secret from t where a = $1');
  });

  it('of the domain keeps its code', () => {
    expect(readErrorCode(new DomainError('storage_full', 'full'))).toBe('storage_full');
  });
});
