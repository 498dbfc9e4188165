/**
 * The part of RFC 6455 that short text messages need, so that the image contains no npm package: whole text frames up to
 * 64 KiB, ping, close. Other frames are refused with the close code of the RFC.
 */
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

export type WebSocketConnection = {
  send(text: string): void;
  /** Sends a close frame; the client closes the connection. */
  close(code: number): void;
  /** Drops the connection. */
  destroy(): void;
};

const acceptGuid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const opcodes = { text: 1, close: 8, ping: 9, pong: 10 } as const;
const closeCodes = { protocolError: 1002, unsupported: 1003, tooBig: 1009 } as const;

type Frame = { final: boolean; opcode: number; payload: Buffer; size: number };

/** Accepts the handshake. Returns undefined if the request is not one. The caller handles the socket's errors. */
export function acceptWebSocket(
  request: IncomingMessage,
  socket: Duplex,
  onText: (text: string, connection: WebSocketConnection) => void,
): WebSocketConnection | undefined {
  const key = request.headers['sec-websocket-key'];
  if (key === undefined || request.headers['sec-websocket-version'] !== '13') return undefined;
  const accept = createHash('sha1').update(`${key}${acceptGuid}`).digest('base64');
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );

  const connection: WebSocketConnection = {
    send: (text) => socket.write(encodeFrame(opcodes.text, Buffer.from(text))),
    close(code) {
      if (!socket.writableEnded) socket.end(encodeFrame(opcodes.close, Buffer.from([code >> 8, code & 0xff])));
    },
    destroy: () => socket.destroy(),
  };
  let pending = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    while (!socket.writableEnded) {
      const frame = decodeFrame(pending);
      if (frame === undefined) return;
      if (typeof frame === 'number') {
        connection.close(frame);
        return;
      }
      pending = pending.subarray(frame.size);
      handleFrame(frame, socket, connection, onText);
    }
  });
  socket.on('end', () => socket.end());
  return connection;
}

function handleFrame(
  { final, opcode, payload }: Frame,
  socket: Duplex,
  connection: WebSocketConnection,
  onText: (text: string, connection: WebSocketConnection) => void,
): void {
  if (opcode === opcodes.close) connection.close(payload.length >= 2 ? payload.readUInt16BE(0) : 1000);
  else if (opcode === opcodes.ping) socket.write(encodeFrame(opcodes.pong, payload));
  else if (opcode === opcodes.pong) return;
  else if (opcode === opcodes.text && final) onText(payload.toString('utf8'), connection);
  else connection.close(closeCodes.unsupported);
}

/** The first frame of the bytes, undefined while it is not whole, or the code to close with. */
function decodeFrame(bytes: Buffer): Frame | number | undefined {
  if (bytes.length < 2) return undefined;
  const first = bytes.readUInt8(0);
  const second = bytes.readUInt8(1);
  // Extensions were not negotiated, and a client must mask.
  if ((first & 0x70) !== 0 || (second & 0x80) === 0) return closeCodes.protocolError;
  const shortLength = second & 0x7f;
  if (shortLength === 127) return closeCodes.tooBig;
  const maskAt = shortLength === 126 ? 4 : 2;
  if (bytes.length < maskAt + 4) return undefined;
  const length = shortLength === 126 ? bytes.readUInt16BE(2) : shortLength;
  const size = maskAt + 4 + length;
  if (bytes.length < size) return undefined;
  const payload = Buffer.from(bytes.subarray(maskAt + 4, size));
  for (const [index, byte] of payload.entries()) payload[index] = byte ^ bytes.readUInt8(maskAt + (index & 3));
  return { final: (first & 0x80) !== 0, opcode: first & 0x0f, payload, size };
}

function encodeFrame(opcode: number, payload: Buffer): Buffer {
  const head =
    payload.length < 126
      ? Buffer.from([0x80 | opcode, payload.length])
      : Buffer.from([0x80 | opcode, 126, payload.length >> 8, payload.length & 0xff]);
  return Buffer.concat([head, payload]);
}
