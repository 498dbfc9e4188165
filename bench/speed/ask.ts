/** Single requests in each protocol, before anything is measured. */
import { request as requestHttp, type OutgoingHttpHeaders } from 'node:http';
import { connect, type IncomingHttpHeaders, type IncomingHttpStatusHeader } from 'node:http2';
import { request as requestHttps } from 'node:https';
import { grpcMessage } from './apps/grpc-message.ts';
import { host } from './host.ts';
import type { Protocol } from './peers/peer.ts';

/** `cookie`: the first that is set. */
export type Answer = {
  status: number;
  pod: string;
  cookie: string | undefined;
  headers: IncomingHttpHeaders;
  bytes: number;
};

export type Question = { path: string; cookie?: string | undefined; headers?: Readonly<Record<string, string>> };

export const ask = (protocol: Protocol, port: number, question: Question): Promise<Answer> =>
  protocol === 'http' || protocol === 'https'
    ? askHttp1(protocol, port, question)
    : askHttp2(protocol === 'grpc', port, question);

const patienceMs = 30_000;

function askHttp1(protocol: 'http' | 'https', port: number, { path, cookie, headers }: Question): Promise<Answer> {
  const all: OutgoingHttpHeaders = { host, ...headers, ...(cookie !== undefined && { cookie }) };
  const options = { port, path, headers: all, host: '127.0.0.1', timeout: patienceMs, rejectUnauthorized: false };
  return new Promise((resolve, reject) => {
    const asked = (protocol === 'http' ? requestHttp : requestHttps)(options, (response) => {
      let bytes = 0;
      response.on('data', (chunk: Buffer) => (bytes += chunk.length)).on('error', reject);
      response.on('end', () => resolve(answerOf(response.statusCode, response.headers, bytes)));
    });
    asked.on('timeout', () => asked.destroy(new Error(`no response in ${patienceMs} ms`)));
    asked.on('error', reject).end();
  });
}

async function askHttp2(grpc: boolean, port: number, { path, cookie, headers }: Question): Promise<Answer> {
  const session = connect(`http://127.0.0.1:${port}`);
  try {
    return await new Promise((resolve, reject) => {
      session.on('error', reject).setTimeout(patienceMs, () => reject(new Error(`no response in ${patienceMs} ms`)));
      session.on('close', () => reject(new Error('it closed the connection of HTTP/2')));
      const stream = session.request({
        ':path': path,
        ':authority': host,
        ...(grpc && { ':method': 'POST', 'content-type': 'application/grpc', te: 'trailers' }),
        ...headers,
        ...(cookie !== undefined && { cookie }),
      });
      let [head, bytes]: [IncomingHttpHeaders & IncomingHttpStatusHeader, number] = [{}, 0];
      stream.on('response', (received) => (head = received));
      stream.on('data', (chunk: Buffer) => (bytes += chunk.length)).on('error', reject);
      stream.on('end', () => resolve(answerOf(head[':status'], head, bytes)));
      stream.end(grpc ? grpcMessage : undefined);
    });
  } finally {
    session.destroy();
  }
}

const answerOf = (status: number | undefined, headers: IncomingHttpHeaders, bytes: number): Answer => ({
  status: status ?? 0,
  pod: String(headers['x-pod'] ?? ''),
  cookie: headers['set-cookie']?.[0]?.split(';')[0],
  headers,
  bytes,
});
