/**
 * Returns whether a response's Set-Cookie line removes the cookie of this name (RFC 6265 section 5.2): its value is empty, or it has
 * expired. Max-Age takes precedence over Expires.
 */
export function expiresCookie(setCookie: string, name: string, nowMs: number): boolean {
  if (cookieNameOf(setCookie) !== name) return false;
  const [pair = '', ...attributes] = setCookie.split(';').map((part) => part.trim());
  const value = pair.slice(pair.indexOf('=') + 1).trim();
  if (value === '' || value === '""') return true;
  const maxAge = lastAttribute(attributes, 'max-age');
  if (maxAge !== undefined && /^-?[0-9]+$/.test(maxAge)) return Number(maxAge) <= 0;
  const expires = lastAttribute(attributes, 'expires');
  return expires !== undefined && Date.parse(expires) <= nowMs;
}

/** Returns the name of the cookie that a Set-Cookie line sets; empty if it has none. Browsers ignore blanks around it (RFC 6265 section 5.2). */
export function cookieNameOf(setCookie: string): string {
  const end = setCookie.indexOf(';');
  const equals = setCookie.indexOf('=');
  return equals < 0 || (end >= 0 && end < equals) ? '' : setCookie.slice(0, equals).trim();
}

function lastAttribute(attributes: readonly string[], name: string): string | undefined {
  const found = attributes.findLast((attribute) => attribute.slice(0, name.length + 1).toLowerCase() === `${name}=`);
  return found?.slice(name.length + 1).trim();
}
