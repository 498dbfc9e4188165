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
  forwarded: ForwardedLines;
  /** Host of an HTTP/1.0 request without one: the address to which the client connected (RFC 9110 §7.1). */
  localAuthority(): string;
};

/** What tells the app about a client that is no proxy. Most requests of a connection are for one host, so their lines are those of the one before. */
export class ForwardedLines {
  private readonly ofClient: string;
  private authority = '';
  private lines = '';

  constructor(address: string, scheme: Scheme) {
    this.ofClient = `X-Forwarded-For: ${address}\r\nX-Forwarded-Proto: ${scheme}\r\n`;
  }

  /** Returns the lines of a request for this authority, each ending in CRLF. */
  linesFor(authority: string): string {
    if (authority === this.authority && this.lines !== '') return this.lines;
    // Copies: `authority` is a part of its head, which it would keep in memory.
    const lines = Buffer.from(`${this.ofClient}X-Forwarded-Host: ${authority}\r\n`, 'latin1').toString('latin1');
    this.authority = lines.slice(lines.length - 2 - authority.length, -2);
    this.lines = lines;
    return lines;
  }
}

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
