/** Responses of the proxy itself: plain text that names the problem. */
import { STATUS_CODES } from 'node:http';
import { noFields } from '../http/header-fields.ts';
import type { HeaderField } from '../http/header-fields.ts';
import type { Reply } from '../routing.ts';
import { linesOf } from './header-lines.ts';

export type ReplyForm = { closes: boolean; isHead: boolean; nowMs: number };

/** Returns the whole response. After a refused message the start of the next one is unknown, so the connection is closed. */
export function renderReply(
  { status, body, headers = noFields }: Pick<Reply, 'status' | 'body' | 'headers'>,
  form: ReplyForm,
): Buffer {
  if (status === 204) return noContent(headers, form);
  const content = Buffer.from(body.endsWith('\n') ? body : `${body}\n`);
  const retryAfter = status === 503 && !has(headers, 'Retry-After') ? 'Retry-After: 1\r\n' : '';
  const head =
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nDate: ${new Date(form.nowMs).toUTCString()}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${content.length}\r\n` +
    `${has(headers, 'Cache-Control') ? '' : 'Cache-Control: no-store\r\n'}${retryAfter}${linesOf(headers)}${form.closes ? 'Connection: close\r\n' : ''}\r\n`;
  return Buffer.concat([Buffer.from(head, 'latin1'), form.isHead ? Buffer.alloc(0) : content]);
}

const has = (headers: readonly HeaderField[], wanted: string): boolean =>
  headers.some(({ name }) => name.toLowerCase() === wanted.toLowerCase());

/** RFC 9110 §8.6: no Content-Length in a 204. */
function noContent(headers: readonly HeaderField[], { closes, nowMs }: ReplyForm): Buffer {
  const date = new Date(nowMs).toUTCString();
  const connection = closes ? 'Connection: close\r\n' : '';
  return Buffer.from(`HTTP/1.1 204 No Content\r\nDate: ${date}\r\n${linesOf(headers)}${connection}\r\n`, 'latin1');
}

export const badGateway = (body: string): Reply => ({ status: 502, reason: 'UpstreamProtocolError', body });
export const gatewayTimeout = (body: string): Reply => ({ status: 504, reason: 'UpstreamTimeout', body });

/** A bug in the proxy ended this request; which one is in the log. */
export const internalError: Reply = {
  status: 500,
  reason: 'InternalError',
  body: 'The proxy failed to process this request because of an internal error, which its log describes. Other requests are not affected.',
};

/** For a request that must not be sent twice: its pod is gone, and another pod might process it a second time. */
export const unreachable: Reply = {
  status: 502,
  reason: 'UpstreamConnectFailed',
  body: 'The pod that was processing this request is unreachable. It may or may not have processed the request, so the request was not sent to another pod.',
};
