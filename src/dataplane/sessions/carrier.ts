/** What carries the token: the header fields that give a client its token or remove it, and the tokens in a request. */
import type { Carrier, CookieCarrier } from '../../wire/routing-table.ts';
import type { SessionResponse } from '../routing.ts';
import { readCookies } from '../http/cookies.ts';
import { noFields } from '../http/header-fields.ts';
import { expiresCookie, setCookie } from '../http/set-cookie.ts';
import { appCookieCarrier, appHeaderCarrier } from './app-carrier.ts';
import type { AppVerdict, CompiledCarrier } from './compiled-carrier.ts';

/** Compiled once per table: only the token changes. */
export function compileCarrier(carrier: Carrier): CompiledCarrier {
  if (carrier.type === 'Cookie') return cookieCarrier(carrier);
  if (carrier.type === 'Header') return headerCarrier(carrier.name);
  return carrier.type === 'ApplicationCookie' ? appCookieCarrier(carrier) : appHeaderCarrier(carrier);
}

/**
 * The carriers of Holdfast, which decides when a session begins and adds a line of its own. An app that expires the cookie ends a session
 * in header mode too: it need not know what carries the token.
 */
const proxyOwned = (name: string) => ({
  isAppOwned: false,
  verdict: ({ setCookies }: SessionResponse, nowMs: number): AppVerdict =>
    setCookies.some((line) => expiresCookie(line, name, nowMs)) ? 'Ends' : 'None',
  keep: () => noFields,
});

/**
 * RFC 6265 section 5.3: a cookie is replaced or removed only by one of the same name, domain and path; browsers also ask for the same
 * partition, and do not let a line without Secure change a Secure cookie. So the line that removes has all attributes of the one that gives.
 */
function cookieCarrier({ type, name, lifetimeType, ...rest }: CookieCarrier): CompiledCarrier {
  const plain = cookieAttributes(rest);
  const overHttps = rest.secureIfHttps === true ? cookieAttributes({ ...rest, secure: true }) : plain;
  const attributesFor = (response: SessionResponse | undefined) => (response?.isHttps === true ? overHttps : plain);
  const begin = `${name}=`;
  return {
    ...proxyOwned(name),
    type,
    name,
    give(token, lifetimeS, response) {
      // Without an absolute timeout there is no Max-Age: the cookie lasts as long as the browser session, even if the route requests a permanent one.
      const maxAge = lifetimeType === 'Permanent' && lifetimeS !== undefined ? `; Max-Age=${lifetimeS}` : '';
      return [setCookie(`${begin}${token}${maxAge}; ${attributesFor(response)}`)];
    },
    clear: (response) => [setCookie(`${begin}; Max-Age=0; ${attributesFor(response)}`)],
    read: (request) => readCookies(request.headers('cookie'), name),
  };
}

function cookieAttributes({
  path,
  domain,
  secure,
  sameSite,
  partitioned,
}: Omit<CookieCarrier, 'type' | 'name' | 'lifetimeType' | 'secureIfHttps'>): string {
  // A head is written as latin1: a character beyond ASCII would become another one, possibly a line break.
  const asciiPath = path.replaceAll(/[^\x20-\x7e]/gu, encodeURIComponent);
  const given = [
    `Path=${asciiPath}`,
    domain === undefined ? '' : `Domain=${domain}`,
    secure ? 'Secure' : '',
    'HttpOnly',
    `SameSite=${sameSite}`,
    partitioned ? 'Partitioned' : '',
  ];
  return given.filter(Boolean).join('; ');
}

function headerCarrier(name: string): CompiledCarrier {
  const lowerName = name.toLowerCase();
  const clear = [{ name, value: '' }];
  return {
    ...proxyOwned(name),
    type: 'Header',
    name,
    give: (token) => [{ name, value: token }],
    clear: () => clear,
    // RFC 9110 section 5.3: an intermediary may have joined several lines with commas, which no token contains. A client that returns
    // the line that removed its token sends an empty value.
    read: (request) =>
      request
        .headers(lowerName)
        .flatMap((line) => line.split(','))
        .map((value) => value.trim())
        .filter(Boolean),
  };
}
