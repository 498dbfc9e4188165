/** A connection of HTTP/2 with open streams of gRPC: each sends a message when the one before was answered. */
import type { Socket } from 'node:net';
import {
  flag,
  frameType,
  readFrames,
  renderFields,
  renderFrame,
  renderOpening,
  settingsAck,
  type Frame,
} from '../apps/h2-frames.ts';
import { preface } from '../../../src/dataplane/http/preface.ts';
import { grpcMessage } from '../apps/grpc-message.ts';
import { host } from '../host.ts';
import { connected } from './connected.ts';

/** Sends the first messages. `onAnswer`: called with the number of answers since the last call. */
export type Talk = (onAnswer: (count: number) => void) => void;

export async function openStreams(port: number, cookie: string | null, streams: number): Promise<Talk> {
  const socket = await connected(port);
  const ids = Array.from({ length: streams }, (_, number) => 2 * number + 1);
  const payload = renderFields([
    [':method', 'POST'],
    [':scheme', 'http'],
    [':authority', host],
    [':path', '/shop.Cart/Watch'],
    ['content-type', 'application/grpc'],
    ['te', 'trailers'],
    ...(cookie === null ? [] : [['cookie', cookie] as const]),
  ]);
  const open = ids.map((stream) => renderFrame({ type: frameType.headers, flags: flag.endHeaders, stream, payload }));
  socket.write(Buffer.concat([preface, renderOpening(), ...open]));
  return (onAnswer) => {
    socket.on('data', readFrames(answering(socket, onAnswer)));
    socket.write(Buffer.concat(ids.map(renderMessage)));
  };
}

const renderMessage = (stream: number): Buffer =>
  renderFrame({ type: frameType.data, flags: 0, stream, payload: grpcMessage });

function answering(socket: Socket, onAnswer: (count: number) => void): (frame: Frame) => void {
  const partial = new Map<number, number>();
  return ({ type, flags, stream, payload }) => {
    if (type === frameType.resetStream || type === frameType.goAway) {
      throw new Error(`the proxy ended a stream of gRPC (frame type ${type}): ${payload.toString('hex')}`);
    }
    if (type === frameType.settings && (flags & flag.ack) === 0) socket.write(settingsAck);
    if (type === frameType.ping && (flags & flag.ack) === 0) {
      socket.write(renderFrame({ type, flags: flag.ack, stream: 0, payload }));
    }
    if (type === frameType.headers && (flags & flag.endStream) !== 0) throw new Error('a stream of gRPC ended');
    if (type !== frameType.data) return;
    const bytes = (partial.get(stream) ?? 0) + payload.length;
    partial.set(stream, bytes % grpcMessage.length);
    if (bytes < grpcMessage.length) return;
    onAnswer(1);
    socket.write(renderMessage(stream));
  };
}
