/** The responses that a client's connection sends, one after another, and what each means for the connection. */
import { Field } from '../http/fields.ts';
import type { Head } from '../http/head.ts';
import { countOf } from '../http/head-fields.ts';
import { isShared } from '../net/read-buffers.ts';
import type { TcpSocket } from '../net/tcp-socket.ts';
import type { ResponseChanges } from '../streams.ts';
import { encodeResponseHead, staysAsReceived } from './head-encoder.ts';
import { MessageWriter } from './message-writer.ts';

/** What of the request decides how its response is framed. */
export type ResponseTo = { readonly http10: boolean; readonly isHead: boolean };

export class ResponseWriter extends MessageWriter {
  /** The connection may carry another request after this response. */
  clientStays = false;
  /** HTTP/1.0 learns of the end of content without a length by the end of the connection. */
  endsWithConnection = false;

  /** `mayStay`: the connection may be used again. */
  head(head: Head, changes: ResponseChanges, to: ResponseTo & { endStream: boolean; mayStay: boolean }): void {
    const hasLength = countOf(head, Field.ContentLength) > 0;
    const hasUnknownLength = !to.endStream && !hasLength;
    this.endsWithConnection = hasUnknownLength && to.http10;
    this.clientStays = to.mayStay && !this.endsWithConnection;
    const isEmpty = to.endStream && !hasLength && mayHaveContent(head, to);
    const isChunked = hasUnknownLength && !to.http10;
    const framing = `${isEmpty ? 'Content-Length: 0\r\n' : ''}${isChunked ? 'Transfer-Encoding: chunked\r\n' : ''}`;
    const own = framing + this.hopLines(head, to);
    if (own === '' && isJustRead(head) && staysAsReceived(head, changes)) this.beginAsReceived(head);
    else this.begin(encodeResponseHead(head, changes, own), isChunked);
  }

  private hopLines({ status, connection }: Head, { http10 }: ResponseTo): string {
    // RFC 9110 §15.5.22: a 426 contains the protocol to upgrade to.
    const upgrade =
      status === 426 && connection.upgrade !== undefined
        ? `Upgrade: ${connection.upgrade}\r\nConnection: upgrade\r\n`
        : '';
    if (!this.clientStays) return `${upgrade}Connection: close\r\n`;
    return `${upgrade}${http10 ? 'Connection: keep-alive\r\n' : ''}`;
  }

  /** Both directions are bytes of the protocol from now on. */
  switchTo(protocol: string, head: Head, changes: ResponseChanges): void {
    this.begin(encodeResponseHead(head, changes, `Connection: upgrade\r\nUpgrade: ${protocol}\r\n`), false);
  }
}

/** A head that is known has bytes of its own. */
const isJustRead = ({ repeated, bytes }: Head): boolean => repeated === undefined && isShared(bytes);

/** RFC 9112 §6.3: the others have no content, whatever their fields say. */
const mayHaveContent = ({ status }: Head, { isHead }: ResponseTo): boolean =>
  !isHead && status !== 204 && status !== 304;

export const writeInterim = (socket: TcpSocket, head: Head, changes: ResponseChanges): void => {
  socket.write(encodeResponseHead(head, changes, ''));
};
