/** Reads `sessionPersistence` of a rule (GEP-1619): v1.6 has `sessionName` and `cookieConfig`, v1.7 an object for each type. */
import { durationMs } from '../../api/duration.ts';
import { reservedHeaders } from '../../api/session-persistence.ts';
import type { SessionPersistenceSpec } from '../snapshot/http-route.ts';
import type { PersistenceIR, RouteProblem } from './ir.ts';
import { unknownIn } from './unknown-fields.ts';

type Reading = { at: string; problems: RouteProblem[] };

// RFC 6265 and RFC 9110: a name that is no token would end the line or the attribute.
const token = /^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$/;
const cookiePath = /^\/[^;\p{Cc}\p{Cs}]*$/u;

export function readPersistence(spec: SessionPersistenceSpec, { at, problems }: Reading): PersistenceIR {
  problems.push(...findUnknown(spec, at));
  const { absoluteTimeout, idleTimeout } = spec;
  const result: PersistenceIR = {
    ...readCarrier(spec),
    ...(absoluteTimeout !== undefined && { absoluteTimeoutMs: durationMs(absoluteTimeout) }),
    ...(idleTimeout !== undefined && { idleTimeoutMs: durationMs(idleTimeout) }),
  };
  const problem = findBadName(result) ?? findBadTime(result);
  if (problem !== undefined) problems.push({ path: at, reason: 'UnsupportedValue', message: `${at}: ${problem}` });
  return result;
}

const fields = ['type', 'sessionName', 'absoluteTimeout', 'idleTimeout', 'cookieConfig', 'cookie', 'header'];

const findUnknown = (spec: SessionPersistenceSpec, at: string): RouteProblem[] => [
  ...unknownIn(spec, fields, at),
  ...unknownIn(spec.cookieConfig ?? {}, ['lifetimeType'], `${at}.cookieConfig`),
  ...unknownIn(spec.cookie ?? {}, ['name', 'path', 'lifetimeType'], `${at}.cookie`),
  ...unknownIn(spec.header ?? {}, ['name'], `${at}.header`),
];

type CarrierIR = Pick<PersistenceIR, 'type' | 'name' | 'path' | 'lifetimeType'>;

function readCarrier({
  type = 'Cookie',
  sessionName,
  cookieConfig,
  cookie,
  header,
}: SessionPersistenceSpec): CarrierIR {
  const {
    name,
    path,
    lifetimeType = cookieConfig?.lifetimeType ?? 'Session',
  }: Partial<CarrierIR> = type === 'Cookie' ? (cookie ?? {}) : (header ?? {});
  const chosen = sessionName ?? name;
  return { type, ...(chosen !== undefined && { name: chosen }), ...(path !== undefined && { path }), lifetimeType };
}

/** The CRDs leave names open; a proxy would refuse the whole table for one that is no token. */
function findBadName({ type, name, path }: PersistenceIR): string | undefined {
  if (name !== undefined && !token.test(name)) {
    return `${JSON.stringify(name)} is not the name of a ${type.toLowerCase()}: use letters, digits, "-" and "_".`;
  }
  if (type === 'Header' && name !== undefined && reservedHeaders.includes(name.toLowerCase())) {
    return `${name} is a header reserved by HTTP: choose another name, such as X-Session.`;
  }
  return path === undefined || cookiePath.test(path)
    ? undefined
    : `${JSON.stringify(path)} is not the path of a cookie.`;
}

function findBadTime({ lifetimeType, absoluteTimeoutMs, idleTimeoutMs }: PersistenceIR): string | undefined {
  if (absoluteTimeoutMs === 0 || idleTimeoutMs === 0) return 'a session cannot last for 0s: set a longer timeout.';
  const isEndless = lifetimeType === 'Permanent' && absoluteTimeoutMs === undefined;
  return isEndless ? 'a Permanent cookie needs absoluteTimeout: set it.' : undefined;
}
