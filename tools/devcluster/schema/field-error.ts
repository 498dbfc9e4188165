/** Errors about fields, in the words of Kubernetes' `field.Error`. Each is a cause of a `Status`. */
import { type StatusCause, StatusError } from '../status-error.ts';

export type FieldErrorReason =
  | 'FieldValueInvalid'
  | 'FieldValueRequired'
  | 'FieldValueNotSupported'
  | 'FieldValueDuplicate'
  | 'FieldValueForbidden'
  | 'FieldValueTooLong'
  | 'FieldValueTooMany'
  | 'FieldValueTypeInvalid';

/** `message` is without the field: `Required value: is needed`. */
export type FieldError = StatusCause & { reason: FieldErrorReason };

const withDetail = (start: string, detail: string): string => (detail === '' ? start : `${start}: ${detail}`);

export const required = (field: string, detail = ''): FieldError => ({
  reason: 'FieldValueRequired',
  field,
  message: withDetail('Required value', detail),
});

export const forbidden = (field: string, detail: string): FieldError => ({
  reason: 'FieldValueForbidden',
  field,
  message: `Forbidden: ${detail}`,
});

export const invalid = (field: string, value: unknown, detail: string): FieldError => ({
  reason: 'FieldValueInvalid',
  field,
  message: withDetail(`Invalid value: ${JSON.stringify(value)}`, detail),
});

export const typeInvalid = (field: string, value: unknown, detail: string): FieldError => ({
  ...invalid(field, value, detail),
  reason: 'FieldValueTypeInvalid',
});

export const duplicate = (field: string, value: unknown): FieldError => ({
  reason: 'FieldValueDuplicate',
  field,
  message: `Duplicate value: ${JSON.stringify(value)}`,
});

export const tooLong = (field: string, max: number): FieldError => ({
  reason: 'FieldValueTooLong',
  field,
  message: `Too long: may not be more than ${max} bytes`,
});

export const tooMany = (field: string, actual: number, max: number): FieldError => ({
  reason: 'FieldValueTooMany',
  field,
  message: `Too many: ${actual}: must have at most ${max} items`,
});

export const notSupported = (field: string, value: unknown, supported: readonly unknown[]): FieldError => ({
  reason: 'FieldValueNotSupported',
  field,
  message: `Unsupported value: ${JSON.stringify(value)}: supported values: ${supported.map((one) => `"${String(one)}"`).join(', ')}`,
});

/** Returns the error 422 for an object with these errors; `kind` is written as in `Deployment.apps`. */
export function invalidObject(kind: string, name: string, errors: readonly FieldError[]): StatusError {
  const lines = [...new Set(errors.map((error) => `${error.field}: ${error.message}`))];
  const list = lines.length === 1 ? lines.join('') : `[${lines.join(', ')}]`;
  const [kindName = kind, ...group] = kind.split('.');
  const where = { name, kind: kindName, ...(group.length > 0 && { group: group.join('.') }) };
  return new StatusError('Invalid', `${kind} "${name}" is invalid: ${list}`, { ...where, causes: [...errors] });
}
