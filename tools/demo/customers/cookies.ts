/** A cookie jar for one client and one site. */

export type CookieJar = {
  store: (setCookies: readonly string[] | undefined) => void;
  /** The Cookie header, or nothing. */
  header: () => { cookie?: string };
};

export function createCookieJar(): CookieJar {
  const cookies = new Map<string, string>();
  return {
    store(setCookies = []) {
      for (const line of setCookies) {
        const [pair = '', ...attributes] = line.split(';');
        const at = pair.indexOf('=');
        const name = pair.slice(0, at).trim();
        if (attributes.some((attribute) => /^\s*max-age=(0|-\d+)\s*$/i.test(attribute))) cookies.delete(name);
        else cookies.set(name, pair.slice(at + 1).trim());
      }
    },
    header: () =>
      cookies.size === 0 ? {} : { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
  };
}
