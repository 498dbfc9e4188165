/** The Connection header and the hop-by-hop headers (RFC 9110 §7.6.1 and §7.8). They are for the proxy and are not forwarded. */
import { Field } from './fields.ts';
import { countOf, listText, nameText } from './head-fields.ts';
import { noConnectionOptions, type ConnectionOptions, type Head } from './head.ts';

/** Most messages have one of these. */
const usual: ReadonlyMap<string, ConnectionOptions> = new Map<string, ConnectionOptions>([
  ['keep-alive', Object.freeze({ ...noConnectionOptions, keepAlive: true })],
  ['close', Object.freeze({ ...noConnectionOptions, close: true, named: new Set(['close']) })],
]);

export function inspectConnection(head: Head): ConnectionOptions {
  if (countOf(head, Field.Connection) + countOf(head, Field.Te) === 0) return noConnectionOptions;
  const options = listText(head, Field.Connection);
  const te = listText(head, Field.Te);
  const known = te === '' ? usual.get(options) : undefined;
  if (known !== undefined) return known;
  const named = new Set(members(options));
  const upgrade = listText(head, Field.Upgrade);
  return {
    close: named.has('close'),
    keepAlive: named.has('keep-alive'),
    // RFC 9110 §7.8: the header is ignored in HTTP/1.0.
    upgrade: named.has('upgrade') && head.minorVersion > 0 && mayUpgrade(upgrade) ? upgrade : undefined,
    trailers: members(te).includes('trailers'),
    named,
  };
}

const members = (list: string): string[] =>
  list
    .toLowerCase()
    .split(',')
    .map((member) => member.trim())
    .filter((member) => member !== '');

/**
 * h2c by Upgrade is obsolete (RFC 9113 §3.1) and would let a client speak HTTP/2 to the app past every rule of the proxy. Therefore the
 * header is ignored, as RFC 9110 §7.8 allows.
 */
const mayUpgrade = (protocols: string): boolean => protocols !== '' && !members(protocols).includes('h2c');

/** Whether field `index` is hop-by-hop because the Connection header names it. */
export function isNamed(head: Head, index: number): boolean {
  const { named } = head.connection;
  return named.size > 0 && named.has(nameText(head, index).toLowerCase());
}

/** Returns the seconds of `Keep-Alive: timeout=5`: how long the peer keeps an idle connection open. */
export function keepAliveSeconds(head: Head): number | undefined {
  const timeout = members(listText(head, Field.KeepAlive)).find((member) => member.startsWith('timeout='));
  const seconds = Number(timeout?.slice('timeout='.length));
  return Number.isInteger(seconds) && seconds >= 0 ? seconds : undefined;
}
