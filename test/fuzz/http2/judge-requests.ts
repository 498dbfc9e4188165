/** The rules of the fuzzer for requests of HTTP/2. */
import { classify, Field as Known } from '../../../src/dataplane/http/fields.ts';
import { fingerprint } from '../http1/app.ts';
import type { Message } from '../http1/llhttp.ts';
import type { NgMessage, NgReading } from './nghttp2.ts';
import { valueOf, type Field, type ReceivedStream } from './received.ts';

/** Of fields that the proxy does not interpret. The key of an upgrade is one that it adds. */
const plainLines = (fields: readonly Field[]): string =>
  fields
    .filter(([name]) => !name.startsWith(':') && name !== 'sec-websocket-key')
    .filter(([name]) => classify(Buffer.from(name, 'latin1'), 0, name.length) === Known.Other)
    .map(([name, value]) => `${name}: ${value}`)
    .join('\n');

const lowerNames = (fields: readonly Field[]): Field[] => fields.map(([name, value]) => [name.toLowerCase(), value]);

/** What makes two requests the same one. */
const ofApp = ({ method, url, headers, trailers }: Message): string =>
  [method, url, valueOf(lowerNames(headers), 'host'), plainLines(headers), plainLines(trailers)].join('\n');

/** What follows an extended CONNECT is for the app that accepts it, and this one does not. */
function ofNghttp2({ fields, trailers }: NgMessage): string {
  // RFC 8441: an extended CONNECT is a GET with an upgrade in HTTP/1.1.
  const isUpgrade = valueOf(fields, ':protocol') !== undefined;
  const method = isUpgrade ? 'GET' : valueOf(fields, ':method');
  const host = valueOf(fields, ':authority') ?? valueOf(fields, 'host');
  const path = valueOf(fields, ':path') ?? '';
  return [method, path, host, plainLines(fields), isUpgrade ? '' : plainLines(trailers)].join('\n');
}

/** Each request of the app is one of nghttp2's; of a connection that nghttp2 has ended, it may not have passed the body on. */
export function judgeForwarded(requests: readonly Message[], { messages, error }: NgReading): string | undefined {
  const left = [...messages];
  for (const request of requests) {
    const at = left.findIndex(
      (message) => ofNghttp2(message) === ofApp(request) && hasBody(message, request.body, error),
    );
    if (at < 0) return `the app got a request that nghttp2 does not read:\n${ofApp(request)}\n\n${request.body}`;
    left.splice(at, 1);
  }
  return undefined;
}

function hasBody(message: NgMessage, body: string, error: number | undefined): boolean {
  if (valueOf(message.fields, ':protocol') !== undefined) return body === '';
  return error === undefined || message.isComplete ? message.body === body : body.startsWith(message.body);
}

/** Each response of the app is on a stream, and no stream has one of another request. */
export function judgeStreams(streams: readonly ReceivedStream[], requests: readonly Message[]): string | undefined {
  const left = requests.map((request) => (request.method === 'HEAD' ? '' : fingerprint(request)));
  for (const { id, blocks, body, isEnded } of streams) {
    const head = blocks.find((block) => !valueOf(block, ':status')?.startsWith('1'));
    if (valueOf(head, 'x-app') === undefined || !isEnded) continue;
    const at = left.indexOf(body);
    if (at < 0) return `stream ${id} got ${JSON.stringify(body)}, which is no response to one of its requests`;
    left.splice(at, 1);
  }
  return undefined;
}
