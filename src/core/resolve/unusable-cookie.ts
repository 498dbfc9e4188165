/** Cookies that browsers would silently discard: each request would then start a new session. */
import type { StickyWorkloadSpec } from '../../api/spec.ts';

/**
 * Returns what is wrong and what to do; undefined if the cookie is usable. Browsers keep a cross-site cookie (SameSite None) and a
 * partitioned cookie only if it is Secure. Auto sets Secure on requests over TLS, but the proxy's listeners are plain HTTP: TLS is
 * terminated in front of the proxy, which only the user knows.
 */
export function findUnusableCookie({ cookie }: StickyWorkloadSpec['sessionPersistence']): string | undefined {
  if (cookie === undefined || cookie.secure !== 'Auto') return undefined;
  const setting = cookie.sameSite === 'None' ? 'sameSite None' : cookie.partitioned ? 'partitioned true' : undefined;
  if (setting === undefined) return undefined;
  return (
    `spec.sessionPersistence.cookie.secure Auto with ${setting}: browsers accept such a cookie only if it is Secure, and the proxy does not see TLS. ` +
    'Set secure to Always if TLS is terminated in front of the proxy; without TLS browsers discard the cookie.'
  );
}
