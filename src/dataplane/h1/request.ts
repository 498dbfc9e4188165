/** The meaning of a request head: its target and host, the framing of its body, its connection options. */
import type { RequestView } from '../routing.ts';
import type { Framing } from './body.ts';
import { inspectConnection } from './connection-options.ts';
import type { ConnectionOptions } from './connection-options.ts';
import type { Scheme } from '../http/client-scheme.ts';
import { Field } from '../http/fields.ts';
import { requestScheme } from './hop.ts';
import type { Hop } from './hop.ts';
import { requestFraming } from './framing.ts';
import { countOf, hasName, listText, piece, valueText } from './head-fields.ts';
import type { Head } from './head-parser.ts';
import { refusals } from '../http/refusals.ts';
import type { Refusal } from '../http/refusals.ts';
import { hostOf, parseTarget } from '../http/request-target.ts';
import type { Target } from '../http/request-target.ts';

type Parts = {
  head: Head;
  hop: Hop;
  method: string;
  target: Target;
  authority: string;
  host: string;
  framing: Framing;
  connection: ConnectionOptions;
};

/** A request with a valid head. Usable only until its Head is reused for another parse. */
export class Request implements RequestView {
  readonly head: Head;
  readonly hop: Hop;
  readonly method: string;
  readonly target: Target;
  /** Host as sent, with its port; the authority of the absolute form takes precedence. Empty only in HTTP/1.0. */
  readonly authority: string;
  readonly host: string;
  readonly framing: Framing;
  readonly connection: ConnectionOptions;

  constructor(parts: Parts) {
    this.head = parts.head;
    this.hop = parts.hop;
    this.method = parts.method;
    this.target = parts.target;
    this.authority = parts.authority;
    this.host = parts.host;
    this.framing = parts.framing;
    this.connection = parts.connection;
  }

  get path(): string {
    return this.target.path;
  }

  get scheme(): Scheme {
    return requestScheme(this.head, this.hop);
  }

  get query(): string {
    return this.target.query;
  }

  header(name: string): string | undefined {
    const index = findField(this.head, name, 0);
    return index < 0 ? undefined : valueText(this.head, index);
  }

  headers(name: string): string[] {
    const values: string[] = [];
    for (let index = findField(this.head, name, 0); index >= 0; index = findField(this.head, name, index + 1)) {
      values.push(valueText(this.head, index));
    }
    return values;
  }
}

function findField(head: Head, name: string, from: number): number {
  for (let index = from; index < head.count; index++) {
    if (hasName(head, index, name)) return index;
  }
  return -1;
}

const isRefusal = (answer: object): answer is Refusal => 'status' in answer;

/** Checks a parsed request head. */
export function inspectRequest(head: Head, hop: Hop): Request | Refusal {
  const { start, methodEnd, targetEnd } = head;
  const method = piece(head, start, methodEnd);
  if (method === 'CONNECT') return refusals.UnsupportedMethod;
  const target = parseTarget(piece(head, methodEnd + 1, targetEnd), method);
  if (target === undefined) return refusals.InvalidRequestTarget;
  const hostField = findHost(head);
  if (isRefusal(hostField)) return hostField;
  const { authority, host } =
    target.authority === undefined ? hostField : { authority: target.authority, host: hostOf(target.authority) ?? '' };
  const framing = requestFraming(head);
  if (isRefusal(framing)) return framing;
  return new Request({ head, hop, method, target, authority, host, framing, connection: inspectConnection(head) });
}

/** RFC 9112 §3.2: exactly one valid Host; HTTP/1.0 may omit it. */
function findHost(head: Head): { authority: string; host: string } | Refusal {
  const hosts = countOf(head, Field.Host);
  if (hosts === 0) return head.minorVersion === 0 ? noHost : refusals.MissingHost;
  if (hosts > 1) return refusals.DuplicateHost;
  const authority = listText(head, Field.Host);
  const host = hostOf(authority);
  return host === undefined ? refusals.InvalidHost : { authority, host };
}

const noHost = Object.freeze({ authority: '', host: '' });
