import type { ValidationOptions } from 'class-validator';
import { ValidateBy } from 'class-validator';

const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;
const CONTROL_BUT_LINES = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/;

export function isPlainText(value: unknown, forbidden: RegExp = CONTROL): value is string {
  return typeof value === 'string' && value.isWellFormed() && !forbidden.test(value);
}

/** Text that can be stored and shown: no control characters, no broken surrogates. Everything else is just text. */
export function IsPlainText(options: ValidationOptions & { multiline?: boolean } = {}): PropertyDecorator {
  const { multiline, ...rest } = options;
  const forbidden = multiline ? CONTROL_BUT_LINES : CONTROL;
  return ValidateBy(
    {
      name: 'isPlainText',
      validator: {
        validate: (value: unknown) => isPlainText(value, forbidden),
        defaultMessage: () => '$property must not contain control characters',
      },
    },
    rest,
  );
}
