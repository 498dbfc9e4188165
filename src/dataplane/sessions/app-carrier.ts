/**
 * Carriers that the app owns: a cookie or a header in which it hands out its own session ids. The token travels behind the id. The app
 * alone says when a session begins, gets another id and ends, and it writes the cookie's attributes.
 */
import { suffixLength, tokenBehind, tokenSuffix } from '../../core/session/token-suffix.ts';
import type { NamedCarrier } from '../../wire/routing-table.ts';
import { readCookies } from '../http/cookies.ts';
import { noFields } from '../http/header-fields.ts';
import type { HeaderField } from '../http/header-fields.ts';
import { appendToValue, attributeOf, cookieNameOf, expiresCookie, pairLength, setCookie } from '../http/set-cookie.ts';
import type { SessionResponse } from '../routing.ts';
import type { AppVerdict, CompiledCarrier } from './compiled-carrier.ts';

/** Browsers keep no cookie whose name and value are longer (RFC 6265bis section 5.6), and proxies limit headers to multiples of it. */
const maxBytes = 4096;

const definedTokens = (values: readonly string[]): string[] =>
  values.map(tokenBehind).filter((token) => token !== undefined);

export function appCookieCarrier({ type, name }: NamedCarrier): CompiledCarrier {
  const own = ({ setCookies }: SessionResponse) => setCookies.filter((line) => cookieNameOf(line) === name);
  // Most responses set no cookie at all.
  const asTheyAre = (response: SessionResponse) =>
    response.setCookies.length === 0 ? noFields : own(response).map(setCookie);
  return {
    type,
    name,
    isAppOwned: true,
    verdict(response, nowMs) {
      if (response.setCookies.length === 0) return 'None';
      return judgeCookies(own(response), name, nowMs);
    },
    give: (token, _lifetimeS, response) =>
      own(response)
        // A removal beside it, for another path, stays as it is.
        .map((line) => setCookie(expiresCookie(line, name, 0) ? line : appendToValue(line, tokenSuffix(token)))),
    keep: asTheyAre,
    // The app removes its own id: only it knows the attributes of its cookie.
    clear: (response) => (response === undefined ? noFields : asTheyAre(response)),
    read: (request) => definedTokens(readCookies(request.headers('cookie'), name)),
  };
}

const none: readonly string[] = [];

/**
 * A client applies the lines in their order, and a removal affects only the cookie of its own domain and path (RFC 6265 section 5.3). So
 * the session goes on if the client keeps any of the cookies.
 */
function judgeCookies(lines: readonly string[], name: string, nowMs: number): AppVerdict {
  const kept = new Map<string, string>();
  for (const line of lines) {
    const place = `${attributeOf(line, 'domain')?.toLowerCase()} ${attributeOf(line, 'path')}`;
    if (expiresCookie(line, name, nowMs)) kept.delete(place);
    else kept.set(place, line);
  }
  if (kept.size === 0) return lines.length === 0 ? 'None' : 'Ends';
  const longest = Math.max(...Array.from(kept.values(), pairLength));
  return longest + suffixLength < maxBytes ? 'Continues' : 'TooLong';
}

export function appHeaderCarrier({ type, name }: NamedCarrier): CompiledCarrier {
  const lowerName = name.toLowerCase();
  const field = (value: string): HeaderField => ({ name, value });
  const asTheyAre = ({ appIds = none }: SessionResponse) => (appIds.length === 0 ? noFields : appIds.map(field));
  return {
    type,
    name,
    isAppOwned: true,
    // MCP servers repeat the id of a request in their errors, also in the 404 for a session that has ended.
    verdict({ appIds = none, failed = false }) {
      if (appIds.length === 0) return 'None';
      const longest = appIds.reduce((length, id) => Math.max(length, id.length), 0);
      if (longest === 0) return 'None';
      if (longest + suffixLength >= maxBytes) return 'TooLong';
      return failed ? 'Repeats' : 'Continues';
    },
    give: (token, _lifetimeS, { appIds = none }) => appIds.map((id) => field(id === '' ? id : id + tokenSuffix(token))),
    keep: asTheyAre,
    // The app removes its own id: only it knows the attributes of its cookie.
    clear: (response) => (response === undefined ? noFields : asTheyAre(response)),
    read: (request) => definedTokens(request.headers(lowerName).flatMap(listedValues)),
  };
}

/** RFC 9110 section 5.3: an intermediary may have joined several lines with commas. */
const listedValues = (line: string): string[] => line.split(',').map((value) => value.trim());
