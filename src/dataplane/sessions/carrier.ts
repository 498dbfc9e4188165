/** Where the token travels: the header lines that give a client its token or take it away, and what a request brings. */
import type { Carrier, CookieCarrier } from '../../wire/routing-table.ts';
import type { RequestView } from '../routing.ts';
import { readCookies } from '../http/cookies.ts';

export interface CompiledCarrier {
  readonly type: Carrier['type'];
  readonly name: string;
  /** The line that gives a token. `lifetimeS`: how long a client may keep it at most; undefined: indefinitely. */
  give(token: string, lifetimeS: number | undefined): string;
  /** The line that takes the token away. */
  readonly clear: string;
  /** What may be tokens, in the order in which they were sent. */
  read(request: Pick<RequestView, 'headers'>): string[];
}

/** Made once per table: only the token changes. */
export const compileCarrier = (carrier: Carrier): CompiledCarrier =>
  carrier.type === 'Cookie' ? cookieCarrier(carrier) : headerCarrier(carrier.name);

/**
 * RFC 6265 section 5.3: a cookie is replaced or removed only by one of the same name, domain and path; browsers also ask for the same
 * partition, and do not let a line without Secure touch a Secure cookie. So a line that clears has all attributes of one that gives.
 */
function cookieCarrier({ type, name, lifetimeType, ...rest }: CookieCarrier): CompiledCarrier {
  const attributes = `${cookieAttributes(rest)}\r\n`;
  const begin = `Set-Cookie: ${name}=`;
  return {
    type,
    name,
    give(token, lifetimeS) {
      // A backend without absolute timeout sets no end: its cookie goes with the browser, also on a route that wants permanent ones.
      const maxAge = lifetimeType === 'Permanent' && lifetimeS !== undefined ? `; Max-Age=${lifetimeS}` : '';
      return `${begin}${token}${maxAge}; ${attributes}`;
    },
    clear: `${begin}; Max-Age=0; ${attributes}`,
    read: (request) => readCookies(request.headers('cookie'), name),
  };
}

function cookieAttributes({
  path,
  domain,
  secure,
  sameSite,
  partitioned,
}: Omit<CookieCarrier, 'type' | 'name' | 'lifetimeType'>): string {
  // A head is written as latin1: anything beyond ASCII would come out as another character, a line break among them.
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

/** More than this in one request is not from us: each would cost a hash to verify. */
const maxTokens = 8;

function headerCarrier(name: string): CompiledCarrier {
  const lowerName = name.toLowerCase();
  return {
    type: 'Header',
    name,
    give: (token) => `${name}: ${token}\r\n`,
    clear: `${name}: \r\n`,
    // RFC 9110 section 5.3: whoever is in between may have joined several lines to one, with commas, which no token has. An empty
    // value is that of a client which sends back what it was told when its token was taken away.
    read: (request) =>
      request
        .headers(lowerName)
        .flatMap((line) => line.split(',', maxTokens))
        .map((value) => value.trim())
        .filter(Boolean)
        .slice(0, maxTokens),
  };
}
