/** A client of HTTP/2 that sends whatever frames it is given, also such as no library sends. */
import { once } from 'node:events';
import net from 'node:net';
import { Flag, FrameType, frameHeaderBytes } from '../../../../src/dataplane/h2/frames.ts';
import { preface } from '../../../../src/dataplane/http/preface.ts';

export type ReceivedFrame = { type: number; flags: number; streamId: number; payload: Buffer };

export interface FrameClient {
  readonly socket: net.Socket;
  send(...frames: Buffer[]): void;
  /** Resolves with the first frame of which this is true, of those that no call before has passed. */
  until(condition: (frame: ReceivedFrame) => boolean): Promise<ReceivedFrame>;
  /** Resolves with the code of the GOAWAY with which the proxy ends the connection. */
  goAway(): Promise<number>;
  /** Resolves with the status of the response to a stream, or the code of its reset. */
  outcome(streamId: number): Promise<{ status: number } | { reset: number }>;
}

type FrameOptions = { flags?: number; streamId?: number; payload?: Buffer };

export function frame(type: number, { flags = 0, streamId = 0, payload = Buffer.alloc(0) }: FrameOptions): Buffer {
  const bytes = Buffer.alloc(frameHeaderBytes + payload.length);
  bytes.writeUIntBE(payload.length, 0, 3);
  bytes.writeUInt8(type, 3);
  bytes.writeUInt8(flags, 4);
  bytes.writeUInt32BE(streamId, 5);
  payload.copy(bytes, frameHeaderBytes);
  return bytes;
}

const word = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

export const settings = (...values: [id: number, value: number][]): Buffer =>
  frame(FrameType.Settings, {
    payload: Buffer.concat(values.flatMap(([id, value]) => [Buffer.of(0, id), word(value)])),
  });
export const windowUpdate = (streamId: number, bytes: number): Buffer =>
  frame(FrameType.WindowUpdate, { streamId, payload: word(bytes) });
export const resetStream = (streamId: number, code = 8): Buffer =>
  frame(FrameType.ResetStream, { streamId, payload: word(code) });
export const data = (streamId: number, payload: Buffer, flags = 0): Buffer =>
  frame(FrameType.Data, { streamId, flags, payload });

/** HPACK (RFC 7541 §5.1). */
function integer(bits: number, prefix: number, value: number): Buffer {
  const most = 2 ** prefix - 1;
  if (value < most) return Buffer.of(bits | value);
  const bytes = [bits | most];
  let rest = value - most;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Buffer.from([...bytes, rest]);
}

const text = (value: string): Buffer => Buffer.concat([integer(0, 7, value.length), Buffer.from(value, 'latin1')]);

/** A literal field. `isAdded`: to the dynamic table. */
export const field = (name: string, value: string, isAdded = false): Buffer =>
  Buffer.concat([Buffer.of(isAdded ? 0x40 : 0), text(name), text(value)]);
/** A field of a table. */
export const indexed = (index: number): Buffer => integer(0x80, 7, index);

const pseudoFields = { ':method': 'GET', ':scheme': 'http', ':path': '/', ':authority': 'shop.test' };

/** The block of a request, with more fields after those. */
export const requestBlock = (pseudo: Record<string, string> = {}, ...more: Buffer[]): Buffer =>
  Buffer.concat([
    ...Object.entries({ ...pseudoFields, ...pseudo }).map(([name, value]) => field(name, value)),
    ...more,
  ]);

/** HEADERS that end their block; `flags`: END_STREAM without others. */
export const headers = (streamId: number, block = requestBlock(), flags: number = Flag.EndStream): Buffer =>
  frame(FrameType.Headers, { streamId, flags: flags | Flag.EndHeaders, payload: block });

/** HEADERS and CONTINUATION of a block that is longer than one frame may be. */
export function longHeaders(streamId: number, block: Buffer): Buffer {
  const most = 16_384;
  const parts = Array.from({ length: Math.ceil(block.length / most) }, (_, at) =>
    block.subarray(at * most, (at + 1) * most),
  );
  return Buffer.concat(
    parts.map((payload, at) => {
      const end = at === parts.length - 1 ? Flag.EndHeaders : 0;
      return at === 0
        ? frame(FrameType.Headers, { streamId, flags: Flag.EndStream | end, payload })
        : frame(FrameType.Continuation, { streamId, flags: end, payload });
    }),
  );
}

/** Connects, and sends the preface, with these settings. */
export async function connectFrames(port: number, ...values: [id: number, value: number][]): Promise<FrameClient> {
  const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  let received = Buffer.alloc(0);
  let isClosed = false;
  const frames: ReceivedFrame[] = [];
  const changed = new EventTarget();
  const change = () => changed.dispatchEvent(new Event('change'));
  socket.on('data', (bytes) => {
    received = Buffer.concat([received, bytes]);
    for (let next = take(received); next !== undefined; next = take(received)) {
      received = received.subarray(frameHeaderBytes + next.payload.length);
      frames.push({ ...next, payload: Buffer.from(next.payload) });
    }
    change();
  });
  socket.on('error', () => undefined);
  socket.on('close', () => {
    isClosed = true;
    change();
  });
  socket.write(Buffer.concat([preface, settings(...values)]));

  async function until(condition: (frame: ReceivedFrame) => boolean): Promise<ReceivedFrame> {
    for (;;) {
      for (let next = frames.shift(); next !== undefined; next = frames.shift()) if (condition(next)) return next;
      if (isClosed) throw new Error('The connection was closed without such a frame');
      await once(changed, 'change');
    }
  }

  return {
    socket,
    send: (...more) => void socket.write(Buffer.concat(more)),
    until,
    goAway: async () => (await until(({ type }) => type === FrameType.GoAway)).payload.readUInt32BE(4),
    async outcome(streamId) {
      const { type, payload } = await until(
        (next) =>
          next.streamId === streamId && (next.type === FrameType.Headers || next.type === FrameType.ResetStream),
      );
      return type === FrameType.ResetStream ? { reset: payload.readUInt32BE(0) } : { status: statusOf(payload) };
    },
  };
}

function take(bytes: Buffer): ReceivedFrame | undefined {
  if (bytes.length < frameHeaderBytes) return undefined;
  const end = frameHeaderBytes + bytes.readUIntBE(0, 3);
  if (bytes.length < end) return undefined;
  const [type = 0, flags = 0] = bytes.subarray(3);
  return { type, flags, streamId: bytes.readUInt32BE(5), payload: bytes.subarray(frameHeaderBytes, end) };
}

/** The statuses of the static table (RFC 7541 Appendix A), from index 8 on. */
const statuses = [200, 204, 206, 304, 400, 404, 500];

/** `block`: its first field is the status, without a Huffman code; the first block of a connection begins with a change of the table's size. */
function statusOf(block: Buffer): number {
  const start = block[0] === 0x20 ? 1 : 0;
  const first = block[start] ?? 0;
  return first >= 0x80 ? (statuses[(first & 0x7f) - 8] ?? 0) : Number(block.toString('latin1', start + 2, start + 5));
}
