/** Reads the filters of an HTTPRoute or a GRPCRoute. */
import { backendFilter, routeFilter } from '../../wire/parse-filters.ts';
import type { HeaderModifier, HeaderValue, RequestRedirect } from '../../wire/route-filters.ts';
import type {
  HttpCors,
  HttpHeaderFilter,
  HttpPathModifier,
  HttpRequestMirror,
  HttpRequestRedirect,
  HttpRouteFilter,
} from '../snapshot/http-route.ts';
import type { FilterIR, PathModifierIR, RouteProblem } from './ir.ts';
import { readTarget } from './read-references.ts';
import { unknownIn } from './unknown-fields.ts';
import type { RequestMatch } from '../../wire/routing-table.ts';
import { wireFilter } from './wire-filters.ts';

/** `at`: path of what is read. `matches`: of the rule. `problems`: collects what is not supported. */
export type FilterReading = {
  at: string;
  of: 'rule' | 'backendRef';
  matches: readonly RequestMatch[];
  /** Of the route. */
  namespace: string;
  problems: RouteProblem[];
};

/** Returns undefined if its parameters are missing. */
type Reader = (filter: HttpRouteFilter, reading: FilterReading) => FilterIR | undefined;

export const readFilters = (filters: readonly HttpRouteFilter[], reading: FilterReading): FilterIR[] =>
  filters.flatMap((filter, number) => readFilter(filter, { ...reading, at: `${reading.at}[${number}]` }) ?? []);

/** The API server refuses both in one rule, unless its CRDs are old. */
export function checkTogether(filters: readonly FilterIR[], { at, problems }: FilterReading): void {
  const has = (type: FilterIR['type']) => filters.some((filter) => filter.type === type);
  if (!has('RequestRedirect') || !has('URLRewrite')) return;
  const message = `${at}: a request is either redirected or rewritten: remove RequestRedirect or URLRewrite.`;
  problems.push({ path: at, reason: 'IncompatibleFilters', message });
}

function readFilter(filter: HttpRouteFilter, reading: FilterReading): FilterIR | undefined {
  const reader = readers[filter.type];
  if (reader !== undefined) return reader(filter, reading);
  refuse(reading, `${reading.at}.type`, `filter ${filter.type} is not supported by this version: remove it.`);
  return undefined;
}

/** Refuses fields of newer versions, and values that the proxies would not accept. */
const reader =
  <Field extends Exclude<keyof HttpRouteFilter, 'type'>>(
    field: Field,
    known: readonly string[],
    read: (value: NonNullable<HttpRouteFilter[Field]>, reading: FilterReading) => FilterIR,
  ): Reader =>
  (filter, reading) => {
    const at = `${reading.at}.${field}`;
    reading.problems.push(...unknownIn(filter, ['type', field], reading.at));
    const value = filter[field];
    if (value === undefined) {
      refuse(reading, at, `is missing, and filter ${filter.type} needs it: set it, or remove the filter.`);
      return undefined;
    }
    reading.problems.push(...unknownIn(value, known, at));
    const result = read(value, { ...reading, at });
    checkForProxy(result, { ...reading, at });
    return result;
  };

/** What browsers may remember without a `maxAge`. */
const defaultMaxAgeS = 5;

const headerFields = ['set', 'add', 'remove'];

const corsFields = ['allowOrigins', 'allowCredentials', 'allowMethods', 'allowHeaders', 'exposeHeaders', 'maxAge'];

const readers: Partial<Record<string, Reader>> = {
  RequestHeaderModifier: reader('requestHeaderModifier', headerFields, (value, reading) => ({
    type: 'RequestHeaderModifier',
    ...readHeaders(value, reading),
  })),
  ResponseHeaderModifier: reader('responseHeaderModifier', headerFields, (value, reading) => ({
    type: 'ResponseHeaderModifier',
    ...readHeaders(value, reading),
  })),
  RequestRedirect: reader('requestRedirect', ['scheme', 'hostname', 'path', 'port', 'statusCode'], readRedirect),
  URLRewrite: reader('urlRewrite', ['hostname', 'path'], ({ hostname, path }, reading) => ({
    type: 'URLRewrite',
    ...(hostname !== undefined && { hostname }),
    ...(path !== undefined && { path: readPath(path, reading) }),
  })),
  RequestMirror: reader('requestMirror', ['backendRef', 'percent', 'fraction'], readMirror),
  CORS: reader('cors', corsFields, readCors),
};

/** Gateway API: of the same names in one list the first counts, and one name in several lists is invalid. */
function readHeaders({ set, add, remove }: HttpHeaderFilter, reading: FilterReading): HeaderModifier {
  const lists = { set: firstOfEachName(set ?? []), add: firstOfEachName(add ?? []), remove: remove ?? [] };
  const names = [...lists.set, ...lists.add].map(({ name }) => name).concat(lists.remove);
  const folded = names.map((name) => name.toLowerCase());
  const repeated = names.find((_, index) => folded.indexOf(folded[index] ?? '') < index);
  if (repeated !== undefined) {
    refuse(reading, reading.at, `changes header ${repeated} in several ways: keep one of them.`);
  }
  return Object.fromEntries(Object.entries(lists).filter(([, list]) => list.length > 0));
}

const firstOfEachName = (list: readonly HeaderValue[]): HeaderValue[] =>
  [...new Map(list.toReversed().map((value) => [value.name.toLowerCase(), value])).values()].toReversed();

/** Gateway API: without a percentage or a fraction, every request is copied. */
function readMirror({ backendRef, percent = 100, fraction }: HttpRequestMirror, reading: FilterReading): FilterIR {
  const { at, namespace, problems } = reading;
  problems.push(...unknownIn(backendRef, ['group', 'kind', 'namespace', 'name', 'port'], `${at}.backendRef`));
  return {
    type: 'RequestMirror',
    target: readTarget(backendRef, { at: `${at}.backendRef`, namespace }),
    numerator: fraction?.numerator ?? percent,
    denominator: fraction === undefined ? 100 : (fraction.denominator ?? 100),
  };
}

function readCors(cors: HttpCors): FilterIR {
  return {
    type: 'CORS',
    allowOrigins: [...(cors.allowOrigins ?? [])],
    allowCredentials: cors.allowCredentials ?? false,
    allowMethods: [...(cors.allowMethods ?? [])],
    allowHeaders: [...(cors.allowHeaders ?? [])],
    exposeHeaders: [...(cors.exposeHeaders ?? [])],
    maxAgeS: cors.maxAge ?? defaultMaxAgeS,
  };
}

const schemes = ['http', 'https'] as const;
const statusCodes = [301, 302, 303, 307, 308] as const;

function readRedirect(value: HttpRequestRedirect, reading: FilterReading): FilterIR {
  const { hostname, path, port } = value;
  const scheme = oneOf(schemes, value.scheme, `${reading.at}.scheme`, reading);
  const redirect: Omit<RequestRedirect, 'path'> = {
    type: 'RequestRedirect',
    ...(scheme !== undefined && { scheme }),
    ...(hostname !== undefined && { hostname }),
    ...(port !== undefined && { port }),
    statusCode: oneOf(statusCodes, value.statusCode, `${reading.at}.statusCode`, reading) ?? 302,
  };
  return { ...redirect, ...(path !== undefined && { path: readPath(path, reading) }) };
}

/** Enumerations of Gateway API may get more values. */
function oneOf<T extends string | number>(
  known: readonly T[],
  value: string | number | undefined,
  path: string,
  reading: FilterReading,
): T | undefined {
  const found = known.find((one) => one === value);
  if (found === undefined && value !== undefined) {
    refuse(reading, path, `${value} is not supported: use one of ${known.join(', ')}.`);
  }
  return found;
}

function readPath(path: HttpPathModifier, { at, matches, problems }: FilterReading): PathModifierIR {
  const reading = { at: `${at}.path`, problems };
  problems.push(...unknownIn(path, ['type', 'replaceFullPath', 'replacePrefixMatch'], reading.at));
  const { type, replaceFullPath = '', replacePrefixMatch = '' } = path;
  if (type === 'ReplaceFullPath') return { type, value: replaceFullPath };
  if (type !== 'ReplacePrefixMatch') {
    refuse(reading, `${reading.at}.type`, `${type} is not supported: use ReplaceFullPath or ReplacePrefixMatch.`);
  } else if (matches.some((match) => match.path.type !== 'PathPrefix')) {
    refuse(
      reading,
      reading.at,
      'ReplacePrefixMatch needs matches of type PathPrefix, and the rule has another one: change it.',
    );
  }
  return { type: 'ReplacePrefixMatch', value: replacePrefixMatch };
}

/** Otherwise the proxies would refuse the whole table, with the routes of all other users. */
function checkForProxy(filter: FilterIR, reading: FilterReading): void {
  const { at, of, problems } = reading;
  const built = wireFilter(filter, { prefix: '/', backendOf: ({ name }) => name });
  const problem = (of === 'rule' ? routeFilter : backendFilter)(built);
  if (problem !== undefined) problems.push({ path: at, reason: 'UnsupportedValue', message: `${at}${problem}.` });
}

function refuse({ problems }: Pick<FilterReading, 'problems'>, path: string, message: string): void {
  problems.push({ path, reason: 'UnsupportedValue', message: `${path}: ${message}` });
}
