/** The volumes of a pod. */
import { duplicate, type FieldError, forbidden, invalid, required } from '../../schema/field-error.ts';
import type { JsonObject } from '../../schema/json.ts';
import { numberAt, objectAt, objectsAt, textAt } from '../fields.ts';
import { dnsLabel } from './names.ts';

export function validateVolumes(spec: JsonObject, at: string): FieldError[] {
  const volumes = objectsAt(spec, 'volumes');
  const names = volumes.map((volume) => textAt(volume, 'name'));
  return volumes.flatMap((volume, index) => {
    const place = `${at}.volumes[${index}]`;
    const [name = ''] = names.slice(index);
    const problem = name === '' ? undefined : dnsLabel(name);
    const errors: FieldError[] = name === '' ? [required(`${place}.name`)] : [];
    if (problem !== undefined) errors.push(invalid(`${place}.name`, name, problem));
    if (names.indexOf(name) < index) errors.push(duplicate(`${place}.name`, name));
    return [...errors, ...validateSource(volume, place)];
  });
}

function validateSource(volume: JsonObject, at: string): FieldError[] {
  const [type, ...others] = Object.keys(volume).filter((field) => field !== 'name');
  const errors: FieldError[] = others.map((other) =>
    forbidden(`${at}.${other}`, 'may not specify more than 1 volume type'),
  );
  if (type === 'configMap' && textAt(volume, type, 'name') === '') errors.push(required(`${at}.${type}.name`));
  if (type === 'secret' && textAt(volume, type, 'secretName') === '') errors.push(required(`${at}.${type}.secretName`));
  if (type === 'projected') errors.push(...validateProjection(objectAt(volume, type), `${at}.${type}`));
  return errors;
}

const shortestTokenSeconds = 600;

const validateProjection = (projected: JsonObject, at: string): FieldError[] =>
  objectsAt(projected, 'sources').flatMap((source, index) => {
    if (source['serviceAccountToken'] === undefined) return [];
    const field = `${at}.sources[${index}].serviceAccountToken.expirationSeconds`;
    const seconds = numberAt(source, 'serviceAccountToken', 'expirationSeconds') ?? shortestTokenSeconds;
    const errors: FieldError[] =
      seconds < shortestTokenSeconds
        ? [invalid(field, seconds, 'may not specify a duration less than 10 minutes')]
        : [];
    // Kubernetes does not say in which source.
    return textAt(source, 'serviceAccountToken', 'path') === '' ? [...errors, required(`${at}.path`)] : errors;
  });
