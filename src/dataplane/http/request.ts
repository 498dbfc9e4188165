/** The meaning of a request head: its target and host, the framing of its body, its connection options. */
import { appendedTo } from './short-lists.ts';
import type { RequestView } from '../routing.ts';
import { isText } from './ascii.ts';
import { inspectConnection } from './connection-options.ts';
import type { Scheme } from './client-scheme.ts';
import { Field } from './fields.ts';
import { requestScheme } from './hop.ts';
import type { Hop } from './hop.ts';
import { requestFraming } from './framing.ts';
import {
  countOf,
  firstOf,
  hasName,
  headText,
  piece,
  valueEnd,
  valuePiece,
  valueStart,
  valueText,
} from './head-fields.ts';
import { copyHead, createHead, type Head } from './head.ts';
import { parseRequestHead } from './head-parser.ts';
import type { Framing, RequestMeaning } from './message.ts';
import { refusals } from './refusals.ts';
import type { Refusal } from './refusals.ts';
import type { PathEdit } from './path-edit.ts';
import { hostOf, parseTarget } from './request-target.ts';
import type { Target } from './request-target.ts';

/**
 * A request with a valid head. The head is one of many requests and is overwritten after the turn in which this one arrived:
 *
 *     current ──keep()──► kept                          it must wait
 *        └──leave()──► sent ──recall()──► kept          it was sent, and may have to be sent again
 */
export class Request implements RequestView {
  head: Head;
  readonly hop: Hop;
  readonly method: string;
  readonly target: Target;
  readonly authority: string;
  readonly host: string;
  readonly framing: Framing;
  private isKept = false;
  /** The head as it was sent, and the number of its fields. */
  private text = '';
  private fieldCount = 0;

  constructor(head: Head, hop: Hop, meaning: RequestMeaning) {
    this.head = head;
    this.hop = hop;
    this.method = meaning.method;
    this.target = meaning.target;
    this.authority = meaning.authority;
    this.host = meaning.host;
    this.framing = meaning.framing;
  }

  keep(): void {
    if (this.isKept) return;
    if (this.head.repeated === undefined) this.head = copyHead(this.head);
    this.isKept = true;
  }

  /** The head was sent. Its text costs nothing if that was as HTTP/1.1. */
  leave({ mayBeRecalled }: { mayBeRecalled: boolean }): void {
    if (this.head.repeated !== undefined || (mayBeRecalled && this.head.hasNeverIndexed)) this.keep();
    if (this.isKept) return;
    if (mayBeRecalled) this.text = headText(this.head);
    this.fieldCount = this.head.count;
    this.head = leftHead;
  }

  recall(): void {
    if (this.isKept) return;
    const bytes = Buffer.from(this.text, 'latin1');
    const { length } = bytes;
    const head = createHead({ lineBytes: length, headBytes: length + 1, fields: this.fieldCount });
    parseRequestHead(head, bytes, 0, bytes.length);
    head.connection = inspectConnection(head);
    this.head = head;
    this.isKept = true;
  }

  get hasBody(): boolean {
    const { framing } = this;
    return framing.kind === 'chunked' || (framing.kind === 'length' && framing.bytes > 0);
  }

  /** The Host line is the one for the app: neither is it missing, nor does an absolute target take precedence. */
  get hasOwnHost(): boolean {
    return this.target.authority === undefined && this.authority !== '';
  }

  /** Host for the app: an HTTP/1.0 request may have none. */
  get appAuthority(): string {
    return this.authority === '' ? this.hop.localAuthority() : this.authority;
  }

  /** The target for the app, in origin form. The target of `OPTIONS *` has no path, and stays. */
  appTarget(edit: PathEdit | undefined): string {
    const { path, query } = this.target;
    const edited = edit === undefined || !path.startsWith('/') ? path : edit(path);
    return query === '' ? edited : `${edited}?${query}`;
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

  get repeated(): Head['repeated'] {
    return this.head.repeated;
  }

  header(name: string): string | undefined {
    const index = findField(this.head, name, 0);
    return index < 0 ? undefined : valueText(this.head, index);
  }

  headers(name: string): string[] {
    let values: string[] | undefined;
    for (let index = findField(this.head, name, 0); index >= 0; index = findField(this.head, name, index + 1)) {
      values = appendedTo(values, valuePiece(this.head, index));
    }
    return values ?? [];
  }
}

function findField(head: Head, name: string, from: number): number {
  for (let index = from; index < head.count; index++) {
    if (hasName(head, index, name)) return index;
  }
  return -1;
}

/** Of a request whose own was overwritten. */
const leftHead = createHead({ lineBytes: 0, headBytes: 0, fields: 0 });

const isRefusal = (answer: object): answer is Refusal => 'status' in answer;

/** Checks a parsed request head. `hasUnknownLength`: content follows, though the head may not say so. */
export function inspectRequest(head: Head, hop: Hop, hasUnknownLength = false): Request | Refusal {
  const known = head.repeated?.request;
  if (known?.hasUnknownLength === hasUnknownLength) return new Request(head, hop, known.meaning);
  const meaning = meaningOf(head, hasUnknownLength);
  if (isRefusal(meaning)) return meaning;
  if (head.repeated !== undefined) head.repeated.request = { meaning, hasUnknownLength };
  return new Request(head, hop, meaning);
}

function meaningOf(head: Head, hasUnknownLength: boolean): RequestMeaning | Refusal {
  const { methodEnd, targetEnd } = head;
  const method = methodOf(head);
  if (method === 'CONNECT') return refusals.UnsupportedMethod;
  const target = parseTarget(piece(head, methodEnd + 1, targetEnd), method);
  if (target === undefined) return refusals.InvalidRequestTarget;
  const hostField = findHost(head);
  if (isRefusal(hostField)) return hostField;
  const { authority, host } =
    target.authority === undefined ? hostField : { authority: target.authority, host: hostOf(target.authority) ?? '' };
  head.connection = inspectConnection(head);
  const framing = requestFraming(head, hasUnknownLength && head.connection.upgrade === undefined);
  if (isRefusal(framing)) return framing;
  return { method, target, authority, host, framing };
}

/** A string of their own for each request would cost its memory, and a hash in every set that is asked for it. */
const usualMethods = ['GET', 'POST', 'HEAD', 'PUT', 'OPTIONS', 'DELETE', 'PATCH'];

function methodOf(head: Head): string {
  const { bytes, start, methodEnd } = head;
  for (const method of usualMethods) if (isText(bytes, start, methodEnd, method)) return method;
  return piece(head, start, methodEnd);
}

/** RFC 9112 §3.2: exactly one valid Host; HTTP/1.0 may omit it. */
function findHost(head: Head): { authority: string; host: string } | Refusal {
  const hosts = countOf(head, Field.Host);
  if (hosts === 0) return head.minorVersion === 0 ? noHost : refusals.MissingHost;
  if (hosts > 1) return refusals.DuplicateHost;
  const index = firstOf(head, Field.Host);
  if (isText(head.bytes, valueStart(head, index), valueEnd(head, index), lastHost.authority)) return lastHost;
  const authority = valueText(head, index);
  const host = hostOf(authority);
  if (host === undefined) return refusals.InvalidHost;
  lastHost = { authority, host };
  return lastHost;
}

const noHost = Object.freeze({ authority: '', host: '' });
/** Most requests are for the host of the one before. */
let lastHost: Readonly<{ authority: string; host: string }> = { authority: ' ', host: '' };
