/**
 * As much HTTP/2 as the gRPC app and the message client need: frames with literal fields, and a reader of frames that knows their types.
 * Neither tracks windows: both open theirs wide, and have so little in flight that they stay below the initial window of the other side.
 */

export const frameType = { data: 0, headers: 1, resetStream: 3, settings: 4, ping: 6, goAway: 7 } as const;
export const flag = { ack: 1, endStream: 1, endHeaders: 4 } as const;

const windowUpdate = 8;
const headBytes = 9;
const largestWindow = 2 ** 31 - 1;
const initialWindow = 65_535;
const settingInitialWindow = 4;

export type Frame = { type: number; flags: number; stream: number; payload: Buffer };

export function renderFrame({ type, flags, stream, payload }: Frame): Buffer {
  const head = Buffer.alloc(headBytes);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** What each side sends first, after the client's preface: the other side may send as much as it likes. */
export function renderOpening(): Buffer {
  const settings = Buffer.alloc(6);
  settings.writeUInt16BE(settingInitialWindow, 0);
  settings.writeUInt32BE(largestWindow, 2);
  const update = Buffer.alloc(4);
  update.writeUInt32BE(largestWindow - initialWindow);
  return Buffer.concat([
    renderFrame({ type: frameType.settings, flags: 0, stream: 0, payload: settings }),
    renderFrame({ type: windowUpdate, flags: 0, stream: 0, payload: update }),
  ]);
}

export const settingsAck = renderFrame({
  type: frameType.settings,
  flags: flag.ack,
  stream: 0,
  payload: Buffer.alloc(0),
});

/** Literal fields without Huffman code that enter no dynamic table. */
export const renderFields = (fields: readonly (readonly [string, string])[]): Buffer =>
  Buffer.concat(fields.flatMap(([name, value]) => [Buffer.from([0]), renderText(name), renderText(value)]));

function renderText(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1');
  if (bytes.length < 127) return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  const rest = bytes.length - 127;
  if (rest >= 128 * 128) throw new Error('a field has more than 16 KiB');
  const length = rest < 128 ? [127, rest] : [127, 128 | (rest & 127), rest >> 7];
  return Buffer.concat([Buffer.from(length), bytes]);
}

/** Returns a function that takes what a socket reads, and calls `onFrame` for each complete frame. */
export function readFrames(onFrame: (frame: Frame) => void): (chunk: Buffer) => void {
  let kept: Buffer = Buffer.alloc(0);
  return (chunk) => {
    const bytes = kept.length === 0 ? chunk : Buffer.concat([kept, chunk]);
    let at = 0;
    while (bytes.length - at >= headBytes) {
      const end = at + headBytes + bytes.readUIntBE(at, 3);
      if (end > bytes.length) break;
      onFrame({
        type: bytes.readUInt8(at + 3),
        flags: bytes.readUInt8(at + 4),
        stream: bytes.readUInt32BE(at + 5) & largestWindow,
        payload: bytes.subarray(at + headBytes, end),
      });
      at = end;
    }
    kept = bytes.subarray(at);
  };
}
