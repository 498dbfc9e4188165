/** The connection from which a request came, and what it used. */
import { clientScheme } from './client-scheme.ts';
import type { Scheme } from './client-scheme.ts';
import { Field } from './fields.ts';
import { countOf, listText } from './head-fields.ts';
import type { Head } from './head.ts';

/** What the proxy forwards to the app about the client's connection. */
export type Hop = {
  /** Of the client, or of the proxy in front. */
  address: string;
  /** A trusted proxy: what its requests say about the client is true. */
  isTrusted: boolean;
  /** Of the connection. */
  scheme: Scheme;
  /** `X-Forwarded-For` and `-Proto` of a client, each ending in CRLF: the same for every request of a connection. */
  forwardedLines: string;
  /** Host of an HTTP/1.0 request without one: the address to which the client connected (RFC 9110 §7.1). */
  localAuthority: string;
};

/** Most clients are no proxies: their requests, from a trusted address too, take the short way. */
export const statesClient = (head: Head): boolean =>
  countOf(head, Field.ForwardedFor) +
    countOf(head, Field.ForwardedProto) +
    countOf(head, Field.ForwardedHost) +
    countOf(head, Field.Forwarded) >
  0;

/** Returns what the client used: as a trusted proxy states, or as its connection shows. */
export function requestScheme(head: Head, hop: Hop): Scheme {
  if (!hop.isTrusted || !statesClient(head)) return hop.scheme;
  return clientScheme(listText(head, Field.ForwardedProto), listText(head, Field.Forwarded)) ?? hop.scheme;
}
