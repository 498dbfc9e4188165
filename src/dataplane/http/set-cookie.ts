/**
 * Returns whether a response's Set-Cookie line removes the cookie of this name (RFC 6265 section 5.2): its value is empty, or it has
 * expired. Max-Age takes precedence over Expires.
 */
export function expiresCookie(setCookie: string, name: string, nowMs: number): boolean {
  const [pair = '', ...attributes] = setCookie.split(';').map((part) => part.trim());
  if (!pair.startsWith(`${name}=`)) return false;
  const value = pair.slice(name.length + 1).trim();
  if (value === '' || value === '""') return true;
  const maxAge = lastAttribute(attributes, 'max-age');
  if (maxAge !== undefined && /^-?[0-9]+$/.test(maxAge)) return Number(maxAge) <= 0;
  const expires = lastAttribute(attributes, 'expires');
  return expires !== undefined && Date.parse(expires) <= nowMs;
}

function lastAttribute(attributes: readonly string[], name: string): string | undefined {
  const found = attributes.findLast((attribute) => attribute.slice(0, name.length + 1).toLowerCase() === `${name}=`);
  return found?.slice(name.length + 1).trim();
}
