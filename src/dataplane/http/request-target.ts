/** request-target and Host (RFC 9112 §3.2, RFC 9110 §4.2). */
import { addressBytes, digitBytes, hostBytes, skipText } from './ascii.ts';

export type Target = {
  path: string;
  query: string;
  /** Of the absolute form: it takes precedence over the Host header. */
  authority?: string;
};

const schemes = ['http://', 'https://'];

/** Accepts the origin form, the absolute form of http and https, and `*` for OPTIONS. Returns undefined for any other target. */
export function parseTarget(target: string, method: string): Target | undefined {
  if (target.startsWith('/')) return splitQuery(target);
  if (target === '*') return method === 'OPTIONS' ? { path: '*', query: '' } : undefined;
  const scheme = schemes.find((candidate) => target.slice(0, candidate.length).toLowerCase() === candidate);
  return scheme === undefined ? undefined : absolute(target.slice(scheme.length));
}

function absolute(rest: string): Target | undefined {
  const slash = rest.indexOf('/');
  const question = rest.indexOf('?');
  const end = Math.min(...[slash, question, rest.length].filter((at) => at >= 0));
  const authority = rest.slice(0, end);
  if (hostOf(authority) === undefined) return undefined;
  const tail = rest.slice(end);
  return { ...splitQuery(tail.startsWith('/') ? tail : `/${tail}`), authority };
}

function splitQuery(target: string): Target {
  const question = target.indexOf('?');
  return question < 0
    ? { path: target, query: '' }
    : { path: target.slice(0, question), query: target.slice(question + 1) };
}

/** Most requests are for the host of the one before. */
let lastAuthority = '';
let lastHost: string | undefined;

/**
 * Returns the host of `host[:port]` in lower case, without the dot that may end an absolute domain name (RFC 3986 §3.2.2);
 * undefined if it is empty or malformed. User information (`user@host`) is refused: it only
 * serves to disguise a host (RFC 9110 §4.2.4).
 */
export function hostOf(authority: string): string | undefined {
  if (authority === lastAuthority) return lastHost;
  lastHost = parseHost(authority);
  lastAuthority = authority;
  return lastHost;
}

function parseHost(authority: string): string | undefined {
  const hostEnd = authority.startsWith('[') ? literalEnd(authority) : skipText(hostBytes, authority, 0);
  if (hostEnd <= 0) return undefined;
  if (
    hostEnd < authority.length &&
    (authority[hostEnd] !== ':' || skipText(digitBytes, authority, hostEnd + 1) !== authority.length)
  ) {
    return undefined;
  }
  const nameEnd = authority[hostEnd - 1] === '.' ? hostEnd - 1 : hostEnd;
  return nameEnd === 0 ? undefined : authority.slice(0, nameEnd).toLowerCase();
}

/** Returns the offset after the bracket of an IP-literal; -1 if there is none. */
function literalEnd(authority: string): number {
  const end = skipText(addressBytes, authority, 1);
  return end > 1 && authority[end] === ']' ? end + 1 : -1;
}
