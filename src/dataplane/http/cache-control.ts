/**
 * Keeps responses with a session token out of shared caches (RFC 9111): a cache would give the token to other users, who would all join
 * one session.
 */

/** The parts of a response that decide whether a shared cache may store it. */
export type StorableResponse = {
  method: string;
  status: number;
  /** All values of Cache-Control as one list; empty if there are none. */
  cacheControl: string;
  hasExpires: boolean;
  /** There is a header for CDNs only, which takes precedence over Cache-Control there. */
  hasTargeted: boolean;
};

/** RFC 9110 §15.1: statuses that a cache may store without explicit freshness. A 304 updates a response that is already stored (RFC 9111 §3.2). */
const heuristicallyCacheable = new Set([200, 203, 204, 206, 300, 301, 304, 308, 404, 405, 410, 414, 501]);
/** Their definitions allow no caching of responses (RFC 9110 §9.3). */
const neverCached = new Set(['PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE']);
/** Their responses are cacheable with explicit freshness only (RFC 9110 §9.3.3, RFC 5789 §2). */
const cachedIfExplicit = new Set(['POST', 'PATCH']);

/** RFC 9213, and what CDNs and NGINX had before it. */
const targetedNames = new Set(['cdn-cache-control', 'surrogate-control', 'edge-control', 'x-accel-expires']);

/** Whether a header, in lower case, addresses shared caches past Cache-Control. Vendors put their name in front, as in `Cloudflare-CDN-Cache-Control`. */
export const isTargetedCacheControl = (name: string): boolean =>
  targetedNames.has(name) || name.endsWith('-cdn-cache-control');

/** Returns the Cache-Control by which only private caches store the response; undefined if no shared cache may store it anyway. */
export function privateCacheControl(response: StorableResponse): string | undefined {
  const directives = splitList(response.cacheControl);
  if (!mayBeStored(response, directives)) return undefined;
  const kept = directives.filter((directive) => !['public', 'private'].includes(nameOf(directive)));
  return ['private', ...kept].join(', ');
}

function mayBeStored(response: StorableResponse, directives: readonly string[]): boolean {
  const { method, status, hasExpires, hasTargeted } = response;
  if (neverCached.has(method) || status < 200) return false;
  if (hasTargeted) return true;
  const names = new Set(directives.map(nameOf));
  // Without a list of fields, `private` is about the whole response.
  if (directives.some((directive) => directive.toLowerCase() === 'private')) return false;
  // RFC 9111 §5.2.2.3: a cache that knows the status ignores the no-store next to a must-understand.
  if (names.has('no-store') && !names.has('must-understand')) return false;
  const isExplicit = hasExpires || names.has('public') || names.has('max-age') || names.has('s-maxage');
  return isExplicit || (heuristicallyCacheable.has(status) && !cachedIfExplicit.has(method));
}

const nameOf = (directive: string): string => (directive.split('=', 1)[0] ?? '').trim().toLowerCase();

/** Splits at commas outside of quoted strings: a directive may have a list of fields, `no-cache="set-cookie, age"`. */
function splitList(list: string): string[] {
  const members: string[] = [];
  let start = 0;
  let isQuoted = false;
  for (let at = 0; at < list.length; at += 1) {
    const character = list[at];
    if (character === '"') isQuoted = !isQuoted;
    else if (character === '\\' && isQuoted) at += 1;
    else if (character === ',' && !isQuoted) {
      members.push(list.slice(start, at));
      start = at + 1;
    }
  }
  members.push(list.slice(start));
  return members.map((member) => member.trim()).filter(Boolean);
}
