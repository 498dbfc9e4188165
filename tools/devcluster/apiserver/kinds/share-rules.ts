/** Numbers of pods, as a number or as a share of all: `25%`. */
import { type FieldError, invalid } from '../../schema/field-error.ts';

const percentForm =
  "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')";

/** It may be more than all of them. */
export function validateShare(value: unknown, at: string): FieldError[] {
  if (typeof value === 'string' && !/^[0-9]+%$/.test(value)) return [invalid(at, value, percentForm)];
  return typeof value === 'number' && value < 0 ? [invalid(at, value, 'must be greater than or equal to 0')] : [];
}

export function validatePercentage(value: unknown, at: string): FieldError[] {
  const errors = validateShare(value, at);
  const isTooMuch = typeof value === 'string' && errors.length === 0 && Number(value.slice(0, -1)) > 100;
  return isTooMuch ? [invalid(at, value, 'must not be greater than 100%')] : errors;
}
