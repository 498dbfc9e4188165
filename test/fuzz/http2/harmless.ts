/**
 * Frames for which nghttp2 ends the connection, and the RFC asks for less or leaves the choice. None of them changes what other streams carry:
 *
 *   - WINDOW_UPDATE for a stream: of 0, or beyond the largest window, it is an error of that stream (RFC 9113 §6.9, §6.9.1); others change nothing
 *   - DATA on a stream that its client has ended: an error of that stream (§5.1, half-closed)
 *   - settings that the proxy does not know, whatever their value (§6.5.2), and acknowledgements of settings that were not sent (§6.5.3)
 *   - GOAWAY, after which nghttp2 reads no requests: it is about the streams of the other side, so they may follow (§6.8)
 */
import { preface } from '../../../src/dataplane/http/preface.ts';
import { Flag, FrameType, frameHeaderBytes } from '../../../src/dataplane/h2/frames.ts';

const lastKnownSetting = 6;

/**
 * Returns the bytes of a client without such frames. `reopens`: there are HEADERS of a stream that has ended, which end the connection, but not if the
 * receiver has reset that stream meanwhile: then they are late, and the two may have had different reasons to reset it.
 */
export function withoutHarmless(bytes: string): { bytes: string; reopens: boolean } {
  const rest = Buffer.from(bytes, 'latin1').subarray(preface.length);
  const ended = new Set<number>();
  const kept: Buffer[] = [preface];
  let reopens = false;
  let at = 0;
  for (let end = 0; at + frameHeaderBytes <= rest.length; at = end) {
    end = at + frameHeaderBytes + rest.readUIntBE(at, 3);
    if (end > rest.length) break;
    const frame = rest.subarray(at, end);
    reopens ||= frame.readUInt8(3) === FrameType.Headers && ended.has(frame.readUInt32BE(5) & 0x7fff_ffff);
    kept.push(...keptPart(frame, ended));
  }
  return { bytes: Buffer.concat([...kept, rest.subarray(at)]).toString('latin1'), reopens };
}

function keptPart(frame: Buffer, ended: Set<number>): Buffer[] {
  const [type, flags, id] = [frame.readUInt8(3), frame.readUInt8(4), frame.readUInt32BE(5) & 0x7fff_ffff];
  if (type === FrameType.WindowUpdate && id > 0 && frame.length === 13) return [];
  if (type === FrameType.Settings) return keptSettings(frame, (flags & Flag.Ack) !== 0);
  if (type === FrameType.Data && ended.has(id)) return [];
  if (type === FrameType.GoAway) return [];
  if (endsStream(type, flags)) ended.add(id);
  return [frame];
}

const endsStream = (type: number, flags: number): boolean =>
  (type === FrameType.Headers || type === FrameType.Data) && (flags & Flag.EndStream) !== 0;

function keptSettings(frame: Buffer, isAcknowledgement: boolean): Buffer[] {
  if (!isAcknowledgement) return [knownSettings(frame)];
  return frame.length === frameHeaderBytes ? [] : [frame];
}

function knownSettings(frame: Buffer): Buffer {
  const entries = Array.from({ length: Math.floor((frame.length - frameHeaderBytes) / 6) }, (_, index) => {
    const from = frameHeaderBytes + 6 * index;
    return frame.subarray(from, from + 6);
  });
  const known = entries.filter((entry) => entry.readUInt16BE(0) <= lastKnownSetting);
  if ((frame.length - frameHeaderBytes) % 6 !== 0) return frame;
  const header = Buffer.from(frame.subarray(0, frameHeaderBytes));
  header.writeUIntBE(6 * known.length, 0, 3);
  return Buffer.concat([header, ...known]);
}
