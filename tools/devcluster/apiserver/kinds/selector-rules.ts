/** What a `metav1.LabelSelector` must be. */
import { type FieldError, forbidden, invalid, required } from '../../schema/field-error.ts';
import type { JsonObject } from '../../schema/json.ts';
import { objectAt, objectsAt, textAt, textsAt } from '../fields.ts';
import { validateLabels } from './metadata.ts';
import { labelValue, qualifiedName } from './names.ts';

export function validateSelector(selector: unknown, at: string): FieldError[] {
  const expressions = objectsAt(selector, 'matchExpressions').flatMap((one, index) =>
    validateExpression(one, `${at}.matchExpressions[${index}]`),
  );
  return [...validateMatchLabels(objectAt(selector, 'matchLabels'), `${at}.matchLabels`), ...expressions];
}

/** As they come: what is no text is read as one. */
export const validateMatchLabels = (labels: JsonObject, at: string): FieldError[] =>
  validateLabels(Object.fromEntries(Object.entries(labels).map(([key, value]) => [key, String(value)])), at);

function validateExpression(expression: JsonObject, at: string): FieldError[] {
  const [key, operator, values] = [
    textAt(expression, 'key'),
    textAt(expression, 'operator'),
    textsAt(expression, 'values'),
  ];
  const errors = validateOperator(operator, values.length, at);
  const keyProblem = qualifiedName(key);
  if (keyProblem !== undefined) errors.push(invalid(`${at}.key`, key, keyProblem));
  values.forEach((value, index) => {
    const problem = labelValue(value);
    if (problem !== undefined) errors.push(invalid(`${at}.values[${index}]`, value, problem));
  });
  return errors;
}

function validateOperator(operator: string, count: number, at: string): FieldError[] {
  switch (operator) {
    case 'In':
    case 'NotIn':
      return count > 0 ? [] : [required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'")];
    case 'Exists':
    case 'DoesNotExist':
      return count === 0
        ? []
        : [forbidden(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")];
    default:
      return [invalid(`${at}.operator`, operator, 'not a valid selector operator')];
  }
}
