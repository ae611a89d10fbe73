import type { ValidationPipeOptions } from '@nestjs/common';
import type { ValidationError } from 'class-validator';
import { InputError, type InputFault } from '../problem.js';

const MAX_FAULTS = 20;
/** A path may hold a key that the sender chose. */
const MAX_PATH_LENGTH = 200;

/** For management bodies, path and query parameters and GraphQL inputs alike: unknown fields are refused, nothing is coerced. */
export const VALIDATION_OPTIONS: ValidationPipeOptions = {
  transform: true,
  transformOptions: { enableImplicitConversion: false, exposeDefaultValues: false },
  whitelist: true,
  forbidNonWhitelisted: true,
  forbidUnknownValues: true,
  stopAtFirstError: true,
  validationError: { target: false, value: false },
  exceptionFactory: (errors: ValidationError[]) => new InputError(flattenErrors(errors)),
};

/** Flattens class-validator's tree into faults with paths (`thresholds.cpu.warning`, `tags.0`), twenty at most. */
export function flattenErrors(errors: readonly ValidationError[], parentPath = ''): InputFault[] {
  const faults: InputFault[] = [];
  for (const error of errors) {
    const fullPath = parentPath === '' ? error.property : `${parentPath}.${error.property}`;
    const path = fullPath.slice(0, MAX_PATH_LENGTH);
    for (const [rule, message] of Object.entries(error.constraints ?? {})) {
      faults.push(
        rule === 'whitelistValidation'
          ? { path, code: 'unknown_field', message: 'There is no such field.' }
          : { path, code: 'invalid_input', message },
      );
    }
    faults.push(...flattenErrors(error.children ?? [], path));
    if (faults.length >= MAX_FAULTS) break;
  }
  return faults.slice(0, MAX_FAULTS);
}
