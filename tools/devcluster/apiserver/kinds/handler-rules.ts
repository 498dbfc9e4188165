/** Probes and hooks of a container. */
import { type FieldError, forbidden, invalid, notSupported, required } from '../../schema/field-error.ts';
import type { JsonObject } from '../../schema/json.ts';
import { numberAt, objectAt, textAt, textsAt, valueAt } from '../fields.ts';
import { portName } from './names.ts';
import { isPort, portRange } from './port-rules.ts';

const handlers = ['exec', 'httpGet', 'tcpSocket', 'grpc', 'sleep'];
const places = [
  ['livenessProbe'],
  ['readinessProbe'],
  ['startupProbe'],
  ['lifecycle', 'preStop'],
  ['lifecycle', 'postStart'],
];

/** `graceSeconds`: what the pod has to end; a hook that only waits must fit into it. */
export const validateHandlers = (container: JsonObject, at: string, graceSeconds: number): FieldError[] =>
  places.flatMap((path) => {
    if (valueAt(container, ...path) === undefined) return [];
    const place = `${at}.${path.join('.')}`;
    const handler = objectAt(container, ...path);
    const given = handlers.filter((name) => handler[name] !== undefined);
    if (given.length === 0) return [required(place, 'must specify a handler type')];
    const [, ...others] = given;
    const errors: FieldError[] = others.map((name) =>
      forbidden(`${place}.${name}`, 'may not specify more than 1 handler type'),
    );
    errors.push(
      ...validateAction(handler, place),
      ...validateSleep(handler, `${place}.sleep`, graceSeconds),
      ...validatePeriods(handler, place),
    );
    const mayNeedSeveral = path[0] === 'readinessProbe' || path[0] === 'lifecycle';
    if (mayNeedSeveral || (numberAt(handler, 'successThreshold') ?? 1) === 1) return errors;
    return [...errors, invalid(`${place}.successThreshold`, handler['successThreshold'], 'must be 1')];
  });

/** Those that stop before the others start are asked nothing. */
export function validateInitHandlers(container: JsonObject, at: string): FieldError[] {
  if (container['restartPolicy'] === 'Always') return [];
  const given = ['livenessProbe', 'readinessProbe', 'startupProbe', 'lifecycle'].filter(
    (field) => container[field] !== undefined,
  );
  return given.map((field) =>
    forbidden(`${at}.${field}`, 'may not be set for init containers without restartPolicy=Always'),
  );
}

const schemes = ['HTTP', 'HTTPS'];

function validateAction(handler: JsonObject, at: string): FieldError[] {
  const { exec, httpGet } = handler;
  const errors: FieldError[] =
    exec !== undefined && textsAt(exec, 'command').length === 0 ? [required(`${at}.exec.command`)] : [];
  for (const kind of ['httpGet', 'tcpSocket']) {
    if (handler[kind] !== undefined) {
      errors.push(...validatePort(valueAt(handler, kind, 'port') ?? 0, `${at}.${kind}.port`));
    }
  }
  const scheme = textAt(httpGet, 'scheme') || 'HTTP';
  return schemes.includes(scheme) ? errors : [...errors, notSupported(`${at}.httpGet.scheme`, scheme, schemes)];
}

function validatePort(port: unknown, at: string): FieldError[] {
  const isInRange = typeof port !== 'number' || isPort(port);
  const problem = typeof port === 'string' ? portName(port) : isInRange ? undefined : portRange;
  return problem === undefined ? [] : [invalid(at, port, problem)];
}

function validateSleep({ sleep }: JsonObject, at: string, graceSeconds: number): FieldError[] {
  const seconds = numberAt(sleep, 'seconds') ?? 0;
  if (sleep === undefined || (seconds >= 0 && seconds <= graceSeconds)) return [];
  return [invalid(at, seconds, `must be non-negative and less than terminationGracePeriodSeconds (${graceSeconds})`)];
}

const validatePeriods = (handler: JsonObject, at: string): FieldError[] =>
  ['initialDelaySeconds', 'timeoutSeconds', 'periodSeconds', 'successThreshold', 'failureThreshold'].flatMap(
    (field) => {
      const value = numberAt(handler, field) ?? 0;
      return value < 0 ? [invalid(`${at}.${field}`, value, 'must be greater than or equal to 0')] : [];
    },
  );
