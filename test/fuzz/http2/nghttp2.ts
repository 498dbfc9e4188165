/** nghttp2 as Node has it, without sockets: what a server reads of the bytes of a client, or a client of those of a server. */
import http2 from 'node:http2';
import type { ClientHttp2Stream, Http2Session, Http2Stream } from 'node:http2';
import { Duplex } from 'node:stream';
import { ErrorCode } from '../../../src/dataplane/h2/frames.ts';
import { preface } from '../../../src/dataplane/http/preface.ts';
import { turns } from '../wire.ts';
import { ReceivedFrames, type Field } from './received.ts';

export type NgMessage = {
  fields: readonly Field[];
  body: string;
  trailers: readonly Field[];
  /** All of it has arrived, and is valid. */
  isComplete: boolean;
};

/** `error`: the code with which nghttp2 has ended the connection. */
export type NgReading = { messages: NgMessage[]; error: number | undefined };

const settings = { enableConnectProtocol: true, maxConcurrentStreams: 100, maxHeaderListSize: 1024 * 1024 };
const options = { settings, maxHeaderListPairs: 1000, maxSettings: 1000, maxOutstandingPings: 1000 };

class Wire extends Duplex {
  readonly written = new ReceivedFrames();
  /** Left of the preface, which is no frame. */
  private skipped: number;

  constructor(prefaceBytes: number) {
    super();
    this.skipped = prefaceBytes;
  }

  override _read(): void {}

  override _write(bytes: Buffer, _: string, done: () => void): void {
    const from = Math.min(bytes.length, this.skipped);
    this.skipped -= from;
    this.written.read(bytes.subarray(from));
    done();
  }
}

const pairsOf = (raw: readonly string[]): Field[] =>
  Array.from({ length: raw.length / 2 }, (_, at) => [raw[2 * at] ?? '', raw[2 * at + 1] ?? '']);

function follow(stream: Http2Stream, message: NgMessage): void {
  stream.setEncoding('latin1');
  stream.on('error', () => undefined);
  stream.on('data', (text: string) => (message.body += text));
  stream.on('trailers', (...[, , raw]: [object, number, string[]?]) => (message.trailers = pairsOf(raw ?? [])));
  stream.on('end', () => (message.isComplete = !stream.aborted && stream.rstCode === 0));
}

export async function readByServer(bytes: string): Promise<NgReading> {
  const wire = new Wire(0);
  const session = http2.performServerHandshake(wire, options);
  const messages: NgMessage[] = [];
  session.on('stream', (...[stream, , , raw]: [http2.ServerHttp2Stream, object, number, string[]?]) => {
    const message: NgMessage = { fields: pairsOf(raw ?? []), body: '', trailers: [], isComplete: false };
    messages.push(message);
    follow(stream, message);
    stream.on('end', () => {
      if (!stream.destroyed && !stream.headersSent) stream.respond({ ':status': 200 }, { endStream: true });
    });
  });
  return finish({ wire, session, bytes, messages });
}

/** `count`: of the requests, whose streams are 1, 3, 5 and so on. */
export async function readByClient(bytes: string, requests: readonly http2.OutgoingHttpHeaders[]): Promise<NgReading> {
  const wire = new Wire(preface.length);
  const session = http2.connect('http://shop.test', { ...options, settings: {}, createConnection: () => wire });
  const messages = requests.map((headers) => respondedBy(session.request(headers)));
  await turns();
  return finish({ wire, session, bytes, messages });
}

function respondedBy(stream: ClientHttp2Stream): NgMessage {
  const message: NgMessage = { fields: [], body: '', trailers: [], isComplete: false };
  stream.on('response', (...[, , raw]: [object, number, string[]?]) => (message.fields = pairsOf(raw ?? [])));
  follow(stream, message);
  return message;
}

type Parts = { wire: Wire; session: Http2Session; bytes: string; messages: NgMessage[] };

async function finish({ wire, session, bytes, messages }: Parts): Promise<NgReading> {
  session.on('error', () => undefined);
  // Node ends the connection of a server that says so.
  let endedWith: number | undefined;
  session.on('goaway', (code: number) => (endedWith = code));
  wire.push(Buffer.from(bytes, 'latin1'));
  await turns();
  await turns();
  // To an error it answers that it has none.
  const code = endedWith || wire.written.goAwayCode;
  session.destroy();
  wire.destroy();
  return { messages, error: code === ErrorCode.NoError ? undefined : code };
}
