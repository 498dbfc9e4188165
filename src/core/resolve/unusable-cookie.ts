/** Cookies that browsers would drop without a word: each request would then begin a session of its own. */
import type { StickyWorkloadSpec } from '../../api/spec.ts';

/**
 * What is wrong and the way out; undefined where nothing is. Browsers keep a cookie for other sites (SameSite None) and a partitioned
 * one only if it is Secure. Auto writes that on requests over TLS, and the proxy's listeners are plain HTTP: TLS ends in front of it,
 * where nobody but the user knows of it.
 */
export function findUnusableCookie({ cookie }: StickyWorkloadSpec['sessionPersistence']): string | undefined {
  if (cookie === undefined || cookie.secure !== 'Auto') return undefined;
  const setting = cookie.sameSite === 'None' ? 'sameSite None' : cookie.partitioned ? 'partitioned true' : undefined;
  if (setting === undefined) return undefined;
  return (
    `spec.sessionPersistence.cookie.secure Auto with ${setting}: browsers keep such a cookie only if it is Secure, and the proxy does not see TLS. ` +
    'Set secure to Always where TLS ends in front of the proxy; without TLS browsers keep no such cookie.'
  );
}
