/** Frames as latin1 strings, the form in which small writes of a turn are gathered. */
import { Flag, FrameType, Setting, type ErrorCode } from './frames.ts';

const { fromCharCode } = String;

/** A number of 32 bits. */
const word = (value: number): string =>
  fromCharCode((value >>> 24) & 0xff, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff);

/** The nine bytes before a payload. */
const frameHeader = (length: number, type: number, flags: number, streamId: number): string =>
  fromCharCode(
    (length >>> 16) & 0xff,
    (length >>> 8) & 0xff,
    length & 0xff,
    type,
    flags,
    (streamId >>> 24) & 0x7f,
    (streamId >>> 16) & 0xff,
    (streamId >>> 8) & 0xff,
    streamId & 0xff,
  );

export const dataHeader = (length: number, streamId: number, endStream: boolean): string =>
  frameHeader(length, FrameType.Data, endStream ? Flag.EndStream : 0, streamId);

/** A header block in as many frames as the peer's SETTINGS_MAX_FRAME_SIZE requires. */
export function headers(streamId: number, block: string, { endStream, maxFrameBytes }: HeadersForm): string {
  const flags = endStream ? Flag.EndStream : 0;
  if (block.length <= maxFrameBytes) {
    return frameHeader(block.length, FrameType.Headers, flags | Flag.EndHeaders, streamId) + block;
  }
  let frames = frameHeader(maxFrameBytes, FrameType.Headers, flags, streamId) + block.slice(0, maxFrameBytes);
  for (let at = maxFrameBytes; at < block.length; at += maxFrameBytes) {
    const part = block.slice(at, at + maxFrameBytes);
    const isLast = at + maxFrameBytes >= block.length;
    frames += frameHeader(part.length, FrameType.Continuation, isLast ? Flag.EndHeaders : 0, streamId) + part;
  }
  return frames;
}
export type HeadersForm = { endStream: boolean; maxFrameBytes: number };

export const resetStream = (streamId: number, code: ErrorCode): string =>
  frameHeader(4, FrameType.ResetStream, 0, streamId) + word(code);

export const windowUpdate = (streamId: number, bytes: number): string =>
  frameHeader(4, FrameType.WindowUpdate, 0, streamId) + word(bytes);

export const settingsAck = frameHeader(0, FrameType.Settings, Flag.Ack, 0);

export function settings(values: Readonly<Partial<Record<keyof typeof Setting, number>>>): string {
  let payload = '';
  for (const [name, id] of Object.entries(Setting)) {
    const value = Object.entries(values).find(([key]) => key === name)?.[1];
    if (value !== undefined) payload += fromCharCode(0, id) + word(value);
  }
  return frameHeader(payload.length, FrameType.Settings, 0, 0) + payload;
}

/** `opaque`: the eight bytes of a PING. */
export const pingAck = (opaque: Buffer): string =>
  frameHeader(8, FrameType.Ping, Flag.Ack, 0) + opaque.toString('latin1', 0, 8);

export const goAway = (lastStreamId: number, code: ErrorCode, detail = ''): string =>
  frameHeader(8 + detail.length, FrameType.GoAway, 0, 0) + word(lastStreamId) + word(code) + detail;
