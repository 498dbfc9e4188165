/** WebSockets to an endpoint that speaks HTTP/2 (RFC 8441), for a client and an exchange that know upgrades of HTTP/1.1. */
import { createHash } from 'node:crypto';
import { headText } from '../http/head-fields.ts';
import { parseResponseHead } from '../http/head-parser.ts';
import { inspectConnection } from '../http/connection-options.ts';
import { createHead, type Head } from '../http/head.ts';
import type { Request } from '../http/request.ts';

/** RFC 8441 is about this protocol; for others no server is known. */
export const isWebSocket = ({ head }: Request): boolean => head.connection.upgrade?.toLowerCase() === 'websocket';

/** RFC 6455 §4.2.2. */
const acceptOf = (key: string): string =>
  createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');

/** Returns the head with which an app that speaks HTTP/1.1 would have accepted the WebSocket. `key`: that of the request. */
export function switchedHead(head: Head, key: string): Head {
  const text = headText(head);
  const first = 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n';
  const lines = text.slice(text.indexOf('\n') + 1);
  const bytes = Buffer.from(`${first}Sec-WebSocket-Accept: ${acceptOf(key)}\r\n${lines}`, 'latin1');
  const { length } = bytes;
  const switched = createHead({ lineBytes: length, headBytes: length + 1, fields: head.count + 3 });
  parseResponseHead(switched, bytes, 0, length);
  switched.connection = inspectConnection(switched);
  return switched;
}
