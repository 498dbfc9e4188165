/** CORS of Gateway API (HTTPCORSFilter): the proxy answers preflights, and says which origins may read a response (Fetch standard, section 3.2). */
import type { Cors } from '../../wire/route-filters.ts';
import type { HeaderModifier } from '../http/header-edits.ts';
import type { HeaderField } from '../http/header-fields.ts';
import type { Reply, RequestView } from '../routing.ts';
import { compileOrigins } from './origins.ts';

export interface CorsPolicy {
  allows(origin: string): boolean;
  /** Returns undefined for a request that is no preflight. */
  preflight(request: RequestView): Reply | undefined;
  /** What changes in a response. The policy of the route takes the place of that of its app. `origin`: of the request, if it is allowed. */
  modifiers(origin: string | undefined): HeaderModifier[];
}

const appPolicy = ['Access-Control-Allow-Origin', 'Access-Control-Allow-Credentials', 'Access-Control-Expose-Headers'];

export function compileCors(cors: Cors): CorsPolicy {
  const allows = compileOrigins(cors.allowOrigins);
  // One response for all origins, which a cache may give to all of them.
  const isForAll = cors.allowOrigins.includes('*') && !cors.allowCredentials;
  const shared = sharedFields(cors);
  const vary = isForAll ? [] : [field('Vary', 'Origin')];
  const granted = (origin: string) => [field('Access-Control-Allow-Origin', isForAll ? '*' : origin), ...shared];
  return {
    allows,
    preflight(request) {
      const wantedMethod = request.header('access-control-request-method');
      const origin = request.header('origin');
      if (request.method !== 'OPTIONS' || origin === undefined || wantedMethod === undefined) return undefined;
      const wanted = { method: wantedMethod, headers: request.headers('access-control-request-headers') };
      const allowed = allows(origin) ? [...granted(origin), ...preflightFields(cors, wanted)] : [];
      return { status: 204, reason: 'Preflight', body: '', headers: [...allowed, field('Vary', preflightVary)] };
    },
    modifiers: (origin) => [
      { remove: appPolicy },
      { add: origin === undefined ? vary : [...granted(origin), ...vary] },
    ],
  };
}

const preflightVary = 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers';

const field = (name: string, value: string): HeaderField => ({ name, value });

const listed = (name: string, values: readonly string[]): HeaderField[] =>
  values.length === 0 ? [] : [field(name, values.join(', '))];

/** With credentials, browsers read `*` as a name (Fetch standard, section 3.2.3). */
function sharedFields({ allowCredentials, exposeHeaders }: Cors): HeaderField[] {
  const exposed = allowCredentials ? exposeHeaders.filter((name) => name !== '*') : exposeHeaders;
  return [
    ...(allowCredentials ? [field('Access-Control-Allow-Credentials', 'true')] : []),
    ...listed('Access-Control-Expose-Headers', exposed),
  ];
}

/** Gateway API, HTTPCORSFilter.allowHeaders: the response to a preflight that asks for no headers says nothing about them. */
function preflightFields(cors: Cors, wanted: { method: string; headers: readonly string[] }): HeaderField[] {
  const echo = (allowed: readonly string[], asked: readonly string[]) =>
    cors.allowCredentials && allowed.includes('*') ? asked.filter(Boolean) : allowed;
  return [
    ...listed('Access-Control-Allow-Methods', echo(cors.allowMethods, [wanted.method])),
    ...(wanted.headers.length > 0
      ? listed('Access-Control-Allow-Headers', echo(cors.allowHeaders, wanted.headers))
      : []),
    field('Access-Control-Max-Age', String(cors.maxAgeS)),
  ];
}
