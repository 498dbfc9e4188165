/** URLs as Go reads them, for rules and the format `uri`: absolute, or a path. WHATWG's `URL` drops default ports and dots of the path. */

/** RFC 3986, appendix B. */
const form = /^(?:([a-z][-+.a-z0-9]*):)?(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#.*)?$/is;
const authorityForm = /^(?:[^\s@]*@)?((\[[\da-f:.]+\]|[^\s\\^`{|}%:@[\]]*)(?::(\d*))?)$/i;
const badEscape = /%(?![\da-f]{2})/i;

type UrlParts = {
  scheme: string;
  /** With the port, and an IPv6 address in brackets. */
  host: string;
  hostname: string;
  port: string;
  escapedPath: string;
  query: string;
};

/** A class because CEL tells the types of values by their constructors. */
export class Url {
  readonly parts: UrlParts;
  constructor(parts: UrlParts) {
    this.parts = parts;
  }
}

export const isUrl = (text: string): boolean => readUrl(text) !== undefined;

/** Throws Error for what is no URL. */
export function parseUrl(text: string): Url {
  const parts = readUrl(text);
  if (parts === undefined) {
    throw new Error(
      `URL parse error during conversion from string: parse ${JSON.stringify(text)}: invalid URI for request`,
    );
  }
  return new Url(parts);
}

function readUrl(text: string): UrlParts | undefined {
  const [, scheme = '', authority = '', path = '', query = ''] = form.exec(text) ?? [];
  const isAbsolute = scheme !== '' || text.startsWith('/');
  const place = readAuthority(authority);
  if (!isAbsolute || place === undefined || badEscape.test(path) || /\p{Cc}/u.test(text)) return undefined;
  return { scheme: scheme.toLowerCase(), ...place, escapedPath: escapePath(path), query };
}

function readAuthority(authority: string): Pick<UrlParts, 'host' | 'hostname' | 'port'> | undefined {
  const found = authorityForm.exec(authority);
  if (found === null) return undefined;
  const [, host = '', bracketed = '', port = ''] = found;
  return { host, hostname: bracketed.replaceAll(/[[\]]/g, ''), port };
}

/** What is escaped already stays so. `x` in `mailto:x` is no path. */
const escapePath = (path: string): string =>
  path.startsWith('/') ? encodeURI(path.toWellFormed()).replaceAll('%25', '%') : '';

/** Each name with its values, in order. */
export function queryOf({ parts }: Url): Map<string, string[]> {
  const values = new Map<string, string[]>();
  for (const [name, value] of new URLSearchParams(parts.query)) values.set(name, [...(values.get(name) ?? []), value]);
  return values;
}
