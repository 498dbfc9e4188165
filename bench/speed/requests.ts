/** The requests of the clients: existing sessions, each with its own cookie. */
import { randomBytes } from 'node:crypto';

/** `headers`: complete header lines of every request, besides Host and Cookie. */
export type Shape = {
  name: string;
  headers: readonly string[];
  bodyBytes: number;
  /** Header fields that responses must have. */
  expected?: Readonly<Record<string, string>>;
};

/** An API call, and a page request of a browser. */
export const shapes: readonly Shape[] = [
  { name: 'small: 64-byte body, bare request', headers: [], bodyBytes: 64 },
  {
    name: 'page: 8 KiB body, request of a browser',
    bodyBytes: 8192,
    headers: [
      'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
      'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
      'Accept-Language: en-GB,en;q=0.9,de;q=0.8',
      'Accept-Encoding: gzip, deflate, br, zstd',
      'Cache-Control: max-age=0',
      'Sec-Ch-Ua: "Chromium";v="140", "Not=A?Brand";v="24"',
      'Sec-Fetch-Dest: document',
      'Sec-Fetch-Mode: navigate',
      'Sec-Fetch-Site: same-origin',
      'Upgrade-Insecure-Requests: 1',
    ],
  },
];

/** Begins sessions, verifies that each stays on its pod where the proxy supports that, and returns their cookies. */
export async function beginSessions(
  port: number,
  { count, sticky }: { count: number; sticky: boolean },
): Promise<string[]> {
  const cookies: string[] = [];
  for (let number = 0; number < count; number += 1) {
    const first = await ask(port, undefined);
    // A proxy that sets no cookie relies on the app's cookie.
    const cookie = first.cookie ?? `session=${randomBytes(16).toString('hex')}`;
    const pod = first.cookie === undefined ? (await ask(port, cookie)).pod : first.pod;
    const again = await ask(port, cookie);
    if (sticky && again.pod !== pod) {
      throw new Error(
        `a session moved from pod ${pod} to ${again.pod}: the proxy does not keep sessions on their pods`,
      );
    }
    cookies.push(cookie);
  }
  return cookies;
}

async function ask(port: number, cookie: string | undefined): Promise<{ pod: string; cookie: string | undefined }> {
  const response = await fetch(`http://127.0.0.1:${port}/`, { headers: cookie === undefined ? {} : { cookie } });
  await response.text();
  if (response.status !== 200) throw new Error(`the first requests received status ${response.status}`);
  return { pod: response.headers.get('x-pod') ?? '', cookie: response.headers.getSetCookie()[0]?.split(';')[0] };
}

/** Verifies that the proxy does what the requests of the shape are measured for. */
export async function checkResponse(port: number, { expected = {} }: Shape): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}/`);
  await response.text();
  if (response.status !== 200) throw new Error(`a request received status ${response.status}`);
  for (const [name, value] of Object.entries(expected)) {
    if (response.headers.get(name) !== value) throw new Error(`a response has no ${name}: ${value}`);
  }
}

export const renderRequest = (cookie: string | undefined, { headers }: Shape): string =>
  [
    'GET / HTTP/1.1',
    'Host: shop.example.com',
    ...headers,
    ...(cookie === undefined ? [] : [`Cookie: ${cookie}`]),
    '',
    '',
  ].join('\r\n');
