/** Cookies as far as a session needs them (RFC 6265). */

/** A client with more cookies of our name than this is not one we made: each costs a hash to verify. */
const maxTokens = 8;

/** The values of the cookies of one name, in the order in which they were sent. */
export function readCookies(headers: readonly string[], name: string): string[] {
  const values: string[] = [];
  for (const header of headers) {
    for (
      let at = header.indexOf(name);
      at !== -1 && values.length < maxTokens;
      at = header.indexOf(name, at + name.length)
    ) {
      if (!beginsCookie(header, at) || header.charAt(at + name.length) !== '=') continue;
      const end = header.indexOf(';', at);
      values.push(unquote(header.slice(at + name.length + 1, end === -1 ? header.length : end).trim()));
    }
  }
  return values;
}

/** Whether only blanks stand between a position and the start of the header or the `;` before it. */
function beginsCookie(header: string, at: number): boolean {
  let before = at - 1;
  while (before >= 0 && (header.charAt(before) === ' ' || header.charAt(before) === '\t')) before -= 1;
  return before < 0 || header.charAt(before) === ';';
}

const unquote = (value: string) =>
  value.length >= 2 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;

/** Whether a response's Set-Cookie takes the cookie away: an empty value, or one that is over at once (Max-Age wins over Expires). */
export function expiresCookie(setCookie: string, name: string, nowMs: number): boolean {
  const [pair = '', ...attributes] = setCookie.split(';').map((part) => part.trim());
  if (!pair.startsWith(`${name}=`)) return false;
  if (unquote(pair.slice(name.length + 1).trim()) === '') return true;
  const maxAge = lastAttribute(attributes, 'max-age');
  if (maxAge !== undefined && /^-?[0-9]+$/.test(maxAge)) return Number(maxAge) <= 0;
  const expires = lastAttribute(attributes, 'expires');
  return expires !== undefined && Date.parse(expires) <= nowMs;
}

function lastAttribute(attributes: readonly string[], name: string): string | undefined {
  const found = attributes.findLast((attribute) => attribute.slice(0, name.length + 1).toLowerCase() === `${name}=`);
  return found?.slice(name.length + 1).trim();
}
