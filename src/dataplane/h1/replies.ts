/** Responses of the proxy itself as HTTP/1.1 sends them. */
import { STATUS_CODES } from 'node:http';
import { renderFields } from '../http/reply-fields.ts';
import type { Reply } from '../routing.ts';
import { linesOf } from './header-lines.ts';

export type ReplyForm = { closes: boolean; isHead: boolean; nowMs: number };

/** Returns the whole response. After a refused message the start of the next one is unknown, so the connection is closed. */
export function renderReply(reply: Pick<Reply, 'status' | 'body' | 'headers'>, form: ReplyForm): Buffer {
  const { status, fields, content } = renderFields(reply, form);
  const connection = form.closes ? 'Connection: close\r\n' : '';
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${linesOf(fields)}${connection}\r\n`;
  return Buffer.concat([Buffer.from(head, 'latin1'), content]);
}
