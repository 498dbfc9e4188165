/** Requests to the echo servers of the suite, each on a connection of its own, as the suite makes them. */
import { request, type IncomingHttpHeaders } from 'node:http';

export type SetCookie = { name: string; value: string; attributes: Map<string, string> };
export type Echo = {
  status: number;
  /** The pod that responded; empty for a response of the proxy. */
  pod: string;
  headers: IncomingHttpHeaders;
  setCookies: SetCookie[];
};
export type Ask = { host: string; path?: string; headers?: Record<string, string> };

/** A limit on one request, not on a test: a test asks again. */
const timeoutMs = 10_000;

export function ask(address: string, { host, path = '/', headers = {} }: Ask): Promise<Echo> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: address, port: 80, path, headers: { ...headers, host }, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      response.on('error', reject);
      response.on('end', () => {
        const status = response.statusCode ?? 0;
        const { pod = '' } = (status === 200 ? JSON.parse(body) : {}) as { pod?: string };
        const setCookies = (response.headers['set-cookie'] ?? []).map(readSetCookie);
        resolve({ status, pod, headers: response.headers, setCookies });
      });
    });
    sent.setTimeout(timeoutMs, () => sent.destroy(new Error(`no response from ${host}${path} in ${timeoutMs} ms`)));
    sent.on('error', reject);
    sent.end();
  });
}

export const cookieHeader = (...cookies: readonly SetCookie[]): Record<string, string> => ({
  cookie: cookies.map(({ name, value }) => `${name}=${value}`).join('; '),
});

function readSetCookie(text: string): SetCookie {
  const [pair = '', ...attributes] = text.split(';').map((part) => part.trim());
  const [name, value] = split(pair);
  return { name, value, attributes: new Map(attributes.map(split).map(([key, of]) => [key.toLowerCase(), of])) };
}

function split(pair: string): [string, string] {
  const at = pair.indexOf('=');
  return at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)];
}
