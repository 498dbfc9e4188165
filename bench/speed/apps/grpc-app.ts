/**
 * `node grpc-app.ts PORT…`: a minimal gRPC app over HTTP/2 without TLS. It sends a message for each message, and the status when the
 * client has ended its side: a unary call is a stream with one message. Returns its port in X-Pod.
 */
import { createServer, type Socket } from 'node:net';
import {
  flag,
  frameType,
  readFrames,
  renderFields,
  renderFrame,
  renderOpening,
  settingsAck,
  type Frame,
} from './h2-frames.ts';
import { preface } from '../../../src/dataplane/http/preface.ts';
import { grpcMessage } from './grpc-message.ts';

const opening = renderOpening();
const trailers = renderFields([['grpc-status', '0']]);

const headersFor = (port: number): Buffer =>
  renderFields([
    [':status', '200'],
    ['content-type', 'application/grpc'],
    ['x-pod', String(port)],
  ]);

/** The proxy may distribute a message over frames. */
function countMessages(): (frame: Frame) => number {
  const partial = new Map<number, number>();
  return ({ stream, payload }) => {
    const bytes = (partial.get(stream) ?? 0) + payload.length;
    const rest = bytes % grpcMessage.length;
    if (rest === 0) partial.delete(stream);
    else partial.set(stream, rest);
    return (bytes - rest) / grpcMessage.length;
  };
}

function answerOn(headers: Buffer, send: (bytes: Buffer) => void): (frame: Frame) => void {
  const answer = (type: number, flags: number, stream: number, payload: Buffer): void =>
    send(renderFrame({ type, flags, stream, payload }));
  const messagesIn = countMessages();
  return (frame) => {
    const { type, flags, stream, payload } = frame;
    if (type === frameType.settings && (flags & flag.ack) === 0) send(settingsAck);
    if (type === frameType.ping && (flags & flag.ack) === 0) answer(type, flag.ack, 0, payload);
    if (type === frameType.headers) answer(type, flag.endHeaders, stream, headers);
    if (type === frameType.data) {
      for (let left = messagesIn(frame); left > 0; left -= 1) answer(type, 0, stream, grpcMessage);
    }
    if (endsStream(frame)) answer(frameType.headers, flag.endHeaders | flag.endStream, stream, trailers);
  };
}

const endsStream = ({ type, flags }: Frame): boolean =>
  (type === frameType.data || type === frameType.headers) && (flags & flag.endStream) !== 0;

/** What a turn of the event loop answers leaves in one write. */
function serve(socket: Socket, headers: Buffer): void {
  let pending: Buffer[] = [opening];
  const read = readFrames(answerOn(headers, (bytes) => pending.push(bytes)));
  let toSkip = preface.length;
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    const skipped = Math.min(toSkip, chunk.length);
    toSkip -= skipped;
    read(chunk.subarray(skipped));
    if (pending.length > 0) socket.write(Buffer.concat(pending));
    pending = [];
  });
}

for (const port of process.argv.slice(2).map(Number)) {
  const headers = headersFor(port);
  createServer({ noDelay: true }, (socket) => serve(socket, headers)).listen(port, '127.0.0.1');
}
