/**
 * Writes decoded fields as a head (`http/head.ts`), in the form of HTTP/1.1: pseudo-header fields become its first line and Host, cookies one field. What
 * RFC 9113 §8.2 and §8.3 call malformed is refused here; everything else that makes a request valid is checked where that of HTTP/1.1 is.
 */
import { randomBytes } from 'node:crypto';
import { byteAt, COLON, fieldValueBytes, HTAB, SP, skip, skipText, targetBytes, tokenBytes } from '../http/ascii.ts';
import { classify, Field } from '../http/fields.ts';
import { addField, beginHead, markNeverIndexed, stride, type Head } from '../http/head.ts';
import { refusals, type Refusal } from '../http/refusals.ts';
import { isForbiddenTrailer } from '../http/trailer-names.ts';
import type { FieldSink, HpackField } from './hpack-decoder.ts';

/** `malformed`: a stream error of type PROTOCOL_ERROR. A refusal has a response. */
export type AssembledHead = 'complete' | 'malformed' | Refusal;

export type HeadKind = 'request' | 'response' | 'trailers';

/** Token characters without upper case: RFC 9113 §8.2.1. */
const nameBytes = tokenBytes.map((member, byte) => (byte >= 0x41 && byte <= 0x5a ? 0 : member));

/** RFC 9113 §6.5.2: what a field counts beside its bytes. */
const fieldOverhead = 32;

const requestPseudo = [':method', ':scheme', ':path', ':authority', ':protocol'] as const;

export class HeadAssembler implements FieldSink {
  readonly head: Head;
  private kind: HeadKind = 'request';
  private out: Buffer;
  private at = 0;
  private listBytes = 0;
  private readonly pseudo = new Map<string, string>();
  private cookies = '';
  private hasFields = false;
  private isMalformed = false;
  private refusal: Refusal | undefined;

  constructor(head: Head) {
    this.head = head;
    // Cookies are joined at the end, and each line has four bytes more than its field.
    this.out = Buffer.allocUnsafeSlow(2 * head.limits.headBytes + 4 * head.limits.fields);
  }

  begin(kind: HeadKind): void {
    this.kind = kind;
    this.at = 0;
    this.listBytes = 0;
    this.pseudo.clear();
    this.cookies = '';
    this.hasFields = false;
    this.isMalformed = false;
    this.refusal = undefined;
    beginHead(this.head, this.out, 0, this.out.length);
  }

  field(field: HpackField): void {
    this.listBytes += field.nameEnd - field.nameStart + field.valueEnd - field.valueStart + fieldOverhead;
    if (this.isMalformed || this.refusal !== undefined) return;
    if (this.listBytes > this.head.limits.headBytes) this.refusal = refusals.HeadTooLarge;
    else if (byteAt(field.name, field.nameStart) === COLON) this.takePseudo(field);
    else this.takeField(field);
  }

  private takePseudo({ name, nameStart, nameEnd, value, valueStart, valueEnd }: HpackField): void {
    const text = latin1(name, nameStart, nameEnd);
    const isKnown =
      this.kind === 'request'
        ? requestPseudo.some((known) => known === text)
        : this.kind === 'response' && text === ':status';
    // Those that are repeated, or come after a field, could be read as two different requests.
    if (!isKnown || this.hasFields || this.pseudo.has(text)) this.isMalformed = true;
    else this.pseudo.set(text, latin1(value, valueStart, valueEnd));
  }

  private takeField(field: HpackField): void {
    if (!this.hasFields) this.firstLine();
    const { name, nameStart, nameEnd } = field;
    const isValid = nameEnd > nameStart && skip(nameBytes, name, nameStart, nameEnd) === nameEnd && isValue(field);
    const id = classify(name, nameStart, nameEnd);
    if (!isValid || isOfConnection(id, field)) this.isMalformed = true;
    else if (this.isForbidden(field)) this.refusal = refusals.ForbiddenTrailer;
    else if (id === Field.Cookie) this.addCookie(field);
    else if (id === Field.Host && this.pseudo.has(':authority')) this.compareHost(field);
    else this.addField(field);
  }

  private isForbidden({ name, nameStart, nameEnd }: HpackField): boolean {
    return this.kind === 'trailers' && isForbiddenTrailer(name, nameStart, nameEnd);
  }

  private addField({ name, nameStart, nameEnd, value, valueStart, valueEnd, neverIndexed }: HpackField): void {
    const { head, out } = this;
    if (head.count === head.limits.fields) {
      this.refusal = refusals.TooManyFields;
      return;
    }
    const base = head.count * stride;
    head.fields[base] = this.at;
    this.write(name, nameStart, nameEnd);
    head.fields[base + 1] = this.at;
    out[this.at] = COLON;
    out[this.at + 1] = SP;
    this.at += 2;
    head.fields[base + 2] = this.at;
    this.write(value, valueStart, valueEnd);
    head.fields[base + 3] = this.at;
    this.endLine();
    addField(head);
    if (neverIndexed) markNeverIndexed(head);
  }

  /** RFC 9113 §8.2.3: clients may split the field, which most servers of HTTP/1.1 do not understand. */
  private addCookie({ value, valueStart, valueEnd }: HpackField): void {
    const crumb = latin1(value, valueStart, valueEnd);
    this.cookies = this.cookies === '' ? crumb : `${this.cookies}; ${crumb}`;
  }

  /** RFC 9113 §8.3.1: a Host that says something else makes the request malformed. */
  private compareHost({ value, valueStart, valueEnd }: HpackField): void {
    const host = latin1(value, valueStart, valueEnd).toLowerCase();
    if (host !== this.pseudo.get(':authority')?.toLowerCase()) this.isMalformed = true;
  }

  /** Called when the pseudo-header fields are complete. */
  private firstLine(): void {
    this.hasFields = true;
    if (this.kind === 'request') this.requestLine();
    else if (this.kind === 'response') this.statusLine();
  }

  private requestLine(): void {
    const { head, pseudo } = this;
    const method = pseudo.get(':method') ?? '';
    const path = pseudo.get(':path') ?? '';
    const sent = method === 'CONNECT' ? 'GET' : method;
    if (method === 'CONNECT' && !pseudo.has(':protocol')) {
      this.refusal = refusals.UnsupportedMethod;
    } else if (!isAll(tokenBytes, method) || !isPath(path) || !pseudo.has(':scheme')) {
      this.isMalformed = true;
    } else if (path.length + sent.length > head.limits.lineBytes) {
      this.refusal = refusals.RequestLineTooLong;
    } else {
      head.methodEnd = sent.length;
      head.targetEnd = sent.length + 1 + path.length;
      head.minorVersion = 1;
      this.text(`${sent} ${path} HTTP/1.1\r\n`);
      this.linesOfPseudo(method);
    }
  }

  private linesOfPseudo(method: string): void {
    const authority = this.pseudo.get(':authority');
    if (authority !== undefined) this.textField('host', authority);
    const protocol = this.pseudo.get(':protocol');
    if (protocol !== undefined) this.upgradeTo(protocol, method);
  }

  /** RFC 8441: an extended CONNECT is what an upgrade is in HTTP/1.1. The key has no use here, but servers of HTTP/1.1 require it. */
  private upgradeTo(protocol: string, method: string): void {
    if (method !== 'CONNECT') this.isMalformed = true;
    this.textField('connection', 'upgrade');
    this.textField('upgrade', protocol);
    if (protocol === 'websocket') this.textField('sec-websocket-key', randomBytes(16).toString('base64'));
  }

  private statusLine(): void {
    const status = this.pseudo.get(':status') ?? '';
    if (!/^[1-5][0-9][0-9]$/u.test(status)) {
      this.isMalformed = true;
      return;
    }
    this.head.status = Number(status);
    this.head.minorVersion = 1;
    this.text(`HTTP/1.1 ${status} \r\n`);
  }

  /** The block has ended. */
  end(): AssembledHead {
    if (!this.hasFields) this.firstLine();
    if (this.cookies !== '') this.textField('cookie', this.cookies);
    if (this.isMalformed) return 'malformed';
    if (this.refusal !== undefined) return this.refusal;
    this.endLine();
    this.head.end = this.at;
    return 'complete';
  }

  private textField(name: string, text: string): void {
    const bytes = Buffer.from(name + text, 'latin1');
    const field = {
      name: bytes,
      nameStart: 0,
      nameEnd: name.length,
      value: bytes,
      valueStart: name.length,
      valueEnd: bytes.length,
    };
    if (isValue({ ...field, neverIndexed: false })) this.addField({ ...field, neverIndexed: false });
    else this.isMalformed = true;
  }

  private text(text: string): void {
    this.at += this.out.write(text, this.at, 'latin1');
  }

  private write(bytes: Uint8Array, from: number, to: number): void {
    const { out, at } = this;
    for (let index = from; index < to; index += 1) out[at + index - from] = byteAt(bytes, index);
    this.at += to - from;
  }

  private endLine(): void {
    this.out[this.at] = 0x0d;
    this.out[this.at + 1] = 0x0a;
    this.at += 2;
  }
}

/** Not empty, and only bytes of the table. */
const isAll = (table: Uint8Array, text: string): boolean => text !== '' && skipText(table, text, 0) === text.length;

/** RFC 9113 §8.3.1: never the absolute form, which would name another host than `:authority`. */
const isPath = (path: string): boolean => (path.startsWith('/') || path === '*') && isAll(targetBytes, path);

const latin1 = (bytes: Uint8Array, from: number, to: number): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('latin1');

const isBlank = (byte: number): boolean => byte === SP || byte === HTAB;

/** RFC 9113 §8.2.1: no control characters, and no white space at the ends. */
function isValue({ value, valueStart, valueEnd }: HpackField): boolean {
  if (valueStart === valueEnd) return true;
  if (isBlank(byteAt(value, valueStart)) || isBlank(byteAt(value, valueEnd - 1))) return false;
  return skip(fieldValueBytes, value, valueStart, valueEnd) === valueEnd;
}

/** RFC 9113 §8.2.2: fields of a connection have no meaning in HTTP/2. */
function isOfConnection(id: number, { value, valueStart, valueEnd }: HpackField): boolean {
  if (id === Field.Te) return latin1(value, valueStart, valueEnd) !== 'trailers';
  return (
    id === Field.Connection ||
    id === Field.TransferEncoding ||
    id === Field.Upgrade ||
    id === Field.KeepAlive ||
    id === Field.HopByHop
  );
}
