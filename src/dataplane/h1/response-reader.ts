/** Reads the app's response and builds what the client receives. It writes nothing itself: it passes everything to its sink. */
import type { SessionResponse, TokenFilter } from '../routing.ts';
import { createBody, readBody } from './body.ts';
import type { Body } from './body.ts';
import { editedCopy } from './chunk-edits.ts';
import { appended, noBytes } from '../net/byte-copy.ts';
import { inspectConnection, keepAliveSeconds } from './connection-options.ts';
import type { ConnectionOptions } from './connection-options.ts';
import { Field } from '../http/fields.ts';
import type { HeaderEdits } from '../http/header-edits.ts';
import { noFields } from '../http/header-fields.ts';
import type { HeaderField } from '../http/header-fields.ts';
import type { HeaderNames } from '../http/header-names.ts';
import { buildResponseHead } from './forwarded-head.ts';
import { responseFraming } from './framing.ts';
import { countOf, fieldId, firstOf, lineStart, listText, nameEnd, readText, valueText } from './head-fields.ts';
import { parseResponseHead } from './head-parser.ts';
import type { Head } from './head-parser.ts';
import type { HiddenTrailer } from './chunk-lines.ts';
import type { Refusal } from '../http/refusals.ts';

export type SwitchedProtocols = { head: string; rest: Buffer };

export interface ResponseSink {
  readonly method: string;
  /** The client does not accept chunks. */
  readonly http10: boolean;
  /** The protocol that the request asked to switch to. */
  readonly upgrade: string | undefined;
  /** A 1xx, other than 101. */
  interim(head: string): void;
  /** Removes what the app must not set. */
  readonly filter: TokenFilter | undefined;
  /** Of the filters of the route. */
  readonly edits: HeaderEdits | undefined;
  /** The client used https. */
  readonly isHttps: boolean;
  sessionFields(response: SessionResponse): readonly HeaderField[];
  clientMayStay(): boolean;
  /** The connection has carried no response before. */
  isFirstResponse(): boolean;
  switched(protocols: SwitchedProtocols): void;
  /** Head or body, ready to be written: latin1 text, and the bytes [from, to), which the next read may change. */
  content(text: string, bytes: Buffer, range: { from: number; to: number }): void;
  /** More than one read of the body is still to come. */
  largeBodyBegun(): void;
  complete(): void;
  invalid(refusal: Refusal): void;
}

/** Shared by all readers. */
export type ResponseContext = {
  /** Reused for each response. */
  readonly responseHead: Head;
  readonly counters: { readonly responsesByClass: number[] };
};

type Step = 'head' | 'body' | 'over';

const noBody = createBody({ kind: 'none' });
/** From here on a buffer of its own pays for the connection. */
const largeRemainder = 64 * 1024;

export class ResponseReader {
  /** Whether the connections may carry another exchange; for the client's, this is known with the head. */
  upstreamStays = false;
  clientStays = false;
  /** Of the final response; 0 before it. */
  status = 0;
  /** Seconds for which the app keeps an idle connection open; read once per connection. */
  keepAliveSeconds: number | undefined;
  private readonly context: ResponseContext;
  private readonly sink: ResponseSink;
  private step: Step = 'head';
  private partialHead: Buffer | undefined;
  private body: Body = noBody;
  private dechunks = false;
  /** The content of the current bytes, without chunks. */
  private readonly content: Uint8Array[] = [];

  constructor(context: ResponseContext, sink: ResponseSink) {
    this.context = context;
    this.sink = sink;
  }

  /** The response of the next request. */
  start(): void {
    this.upstreamStays = false;
    this.clientStays = false;
    this.status = 0;
    this.keepAliveSeconds = undefined;
    this.step = 'head';
    this.partialHead = undefined;
    this.body = noBody;
    this.dechunks = false;
    this.content.length = 0;
  }

  /** Only the end of the connection ends the response, at the app or (without chunks) at the client. */
  get endsWithConnection(): boolean {
    return this.body.kind === 'untilClose' || this.dechunks;
  }

  take(bytes: Buffer, length: number): void {
    if (this.step === 'body') {
      this.takeBody(bytes, length);
      return;
    }
    const source = this.partialHead === undefined ? bytes : appended(this.partialHead, bytes, length);
    this.takeHeads(source, this.partialHead === undefined ? length : source.length);
  }

  private takeHeads(bytes: Buffer, length: number): void {
    const head = this.context.responseHead;
    for (let at = 0; this.step === 'head'; at = head.end) {
      const outcome = at === length ? 'incomplete' : parseResponseHead(head, bytes, at, length);
      if (outcome === 'incomplete') {
        this.partialHead = at === length ? undefined : appended(undefined, bytes.subarray(at), length - at);
        return;
      }
      if (outcome === 'complete') {
        this.takeHead(head, length);
      } else {
        this.refuse(outcome);
      }
    }
  }

  private takeHead(head: Head, length: number): void {
    readText(head, head.end);
    const connection = inspectConnection(head);
    if (head.status === 101) {
      this.switchProtocols(head, connection, length);
    } else if (head.status < 200) {
      this.sink.interim(
        buildResponseHead(head, connection, {
          filter: this.sink.filter,
          edits: undefined,
          method: this.sink.method,
          sessionFields: noFields,
          hopLines: '',
        }),
      );
    } else {
      this.takeFinalHead(head, connection, length);
    }
  }

  private switchProtocols(head: Head, connection: ConnectionOptions, length: number): void {
    this.step = 'over';
    const upgrade = connection.upgrade ?? this.sink.upgrade;
    const hopLines = `Connection: upgrade\r\nUpgrade: ${upgrade}\r\n`;
    const sessionFields = upgrade === undefined ? noFields : this.sessionFields(head);
    const text = buildResponseHead(head, connection, {
      filter: this.sink.filter,
      edits: this.sink.edits,
      method: this.sink.method,
      sessionFields,
      hopLines,
    });
    this.sink.switched({ head: text, rest: head.bytes.subarray(head.end, length) });
  }

  private takeFinalHead(head: Head, connection: ConnectionOptions, length: number): void {
    const framing = responseFraming(head, this.sink.method);
    if ('status' in framing) {
      this.refuse(framing);
      return;
    }
    this.step = 'body';
    this.dechunks = this.sink.http10 && framing.kind === 'chunked';
    this.body = createBody(
      framing,
      this.dechunks ? (bytes, start, end) => void this.content.push(bytes.subarray(start, end)) : undefined,
    );
    if (framing.kind === 'chunked') this.body.isHiddenTrailer = hiddenTrailer(this.sink.filter);
    this.upstreamStays = head.minorVersion === 1 && !connection.close && framing.kind !== 'untilClose';
    this.clientStays = !this.endsWithConnection && this.sink.clientMayStay();
    this.keepAliveSeconds = this.sink.isFirstResponse() ? keepAliveSeconds(head) : undefined;
    this.status = head.status;
    countClass(this.context.counters.responsesByClass, head.status);
    const text = buildResponseHead(head, connection, {
      filter: this.sink.filter,
      edits: this.sink.edits,
      method: this.sink.method,
      sessionFields: this.sessionFields(head),
      hopLines: this.hopLines(head, connection),
    });
    const end = this.readOn(head.bytes, head.end, length);
    if (end < 0) return;
    this.pass(text, head.bytes, { from: head.end, to: end, length });
    if (this.body.kind === 'length' && this.body.remaining > largeRemainder) this.sink.largeBodyBegun();
  }

  private hopLines(head: Head, connection: ConnectionOptions): string {
    const chunked = this.body.kind === 'chunked' && !this.dechunks ? 'Transfer-Encoding: chunked\r\n' : '';
    // RFC 9110 §15.5.22: a 426 contains the protocol to upgrade to.
    const upgrade =
      head.status === 426 && connection.upgrade !== undefined
        ? `Upgrade: ${connection.upgrade}\r\nConnection: upgrade\r\n`
        : '';
    if (!this.clientStays) return `${chunked}${upgrade}Connection: close\r\n`;
    return `${chunked}${upgrade}${this.sink.http10 ? 'Connection: keep-alive\r\n' : ''}`;
  }

  private sessionFields(head: Head): readonly HeaderField[] {
    const endsSession =
      countOf(head, Field.HoldfastSession) > 0 && listText(head, Field.HoldfastSession).toLowerCase() === 'end';
    const { filter, method } = this.sink;
    return this.sink.sessionFields({
      isHttps: this.sink.isHttps,
      setCookies: setCookies(head),
      appIds: filter?.appHeader === undefined ? undefined : valuesOf(head, filter.headers, filter.appHeader),
      failed: head.status >= 400,
      endsSession: endsSession || filter?.endsSession(method, head.status) === true,
    });
  }

  private takeBody(bytes: Buffer, length: number): void {
    const end = this.readOn(bytes, 0, length);
    if (end >= 0) this.pass('', bytes, { from: 0, to: end, length });
  }

  /** Returns where the body ends in [from, to); -1 if it is invalid. */
  private readOn(bytes: Buffer, from: number, to: number): number {
    const end = readBody(this.body, bytes, from, to);
    if (this.body.refusal === undefined) return end;
    this.refuse(this.body.refusal);
    return -1;
  }

  /** `length`: bytes after `to` belong to no request, and the next request on the connection would receive them. */
  private pass(text: string, bytes: Buffer, { from, to, length }: { from: number; to: number; length: number }): void {
    if (this.dechunks) this.passWhole(Buffer.concat([Buffer.from(text, 'latin1'), ...this.content.splice(0)]));
    else if (this.body.edits.length === 0) this.sink.content(text, bytes, { from, to });
    else this.passWhole(editedCopy(text, bytes, { from, to, edits: this.body.edits }));
    if (!this.body.done) return;
    this.step = 'over';
    this.upstreamStays &&= to === length;
    this.sink.complete();
  }

  private passWhole(data: string | Buffer): void {
    if (typeof data === 'string') this.sink.content(data, noBytes, { from: 0, to: 0 });
    else this.sink.content('', data, { from: 0, to: data.length });
  }

  private refuse(refusal: Refusal): void {
    this.step = 'over';
    this.sink.invalid(refusal);
  }
}

function hiddenTrailer(filter: TokenFilter | undefined): HiddenTrailer | undefined {
  if (filter === undefined || filter.headers.size === 0) return undefined;
  return (bytes, value) => {
    const name = filter.headers.find(bytes, 0, bytes.length);
    return name !== undefined && filter.hidesFromClient(name, value);
  };
}

function countClass(counts: number[], status: number): void {
  const statusClass = Math.trunc(status / 100);
  counts[statusClass] = (counts[statusClass] ?? 0) + 1;
}

const noCookies: readonly string[] = [];

function setCookies(head: Head): readonly string[] {
  if (countOf(head, Field.SetCookie) === 0) return noCookies;
  const values: string[] = [];
  for (let index = firstOf(head, Field.SetCookie); index < head.count; index++) {
    if (fieldId(head, index) === Field.SetCookie) values.push(valueText(head, index));
  }
  return values;
}

function valuesOf(head: Head, names: HeaderNames, wanted: string): readonly string[] {
  const values: string[] = [];
  for (let index = 0; index < head.count; index++) {
    const name = names.find(head.bytes, lineStart(head, index), nameEnd(head, index));
    if (name === wanted) values.push(valueText(head, index));
  }
  return values;
}
