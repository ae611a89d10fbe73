import { IsOptional, ValidateBy } from 'class-validator';

/** A whole-string check of one variable; `fault` says what is wrong and what to give. */
export function Rule(isGood: (value: string) => boolean, fault: string): PropertyDecorator {
  return (target, name) => {
    IsOptional()(target, name);
    const validate = (value: unknown): boolean => typeof value === 'string' && isGood(value);
    ValidateBy({ name: 'rule', validator: { validate, defaultMessage: () => fault } })(target, name);
  };
}
