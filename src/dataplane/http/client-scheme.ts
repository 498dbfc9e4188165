/** What the client used to reach the first proxy, by the headers of a trusted one. */

export type Scheme = 'http' | 'https';

/**
 * Returns the scheme; undefined if neither header has it. Each proxy of a chain adds a value at the end, so the first one is about the client.
 * `forwardedProto`: X-Forwarded-Proto, `forwarded`: Forwarded (RFC 7239), both as one list.
 */
export function clientScheme(forwardedProto: string, forwarded: string): Scheme | undefined {
  return schemeOf(forwardedProto.split(',', 1)[0] ?? '') ?? (forwarded === '' ? undefined : protoOf(forwarded));
}

function schemeOf(text: string): Scheme | undefined {
  const scheme = text.trim().toLowerCase();
  // The proxies that write `wss` and `ws` mean a WebSocket over the one and the other.
  if (scheme === 'https' || scheme === 'wss') return 'https';
  return scheme === 'http' || scheme === 'ws' ? 'http' : undefined;
}

/** `for=192.0.2.7;proto="https", for=10.0.0.1`: returns the proto of the first element. */
function protoOf(forwarded: string): Scheme | undefined {
  const [first = ''] = forwarded.split(',', 1);
  const [, proto = ''] = /(?:^|;)\s*proto\s*=\s*"?([A-Za-z]+)"?\s*(?:;|$)/i.exec(first) ?? [];
  return schemeOf(proto);
}
