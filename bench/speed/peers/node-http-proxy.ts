/** `node node-http-proxy.ts PORT CHAIN,KEY|- UPSTREAM_PORT…`: a minimal sticky reverse proxy with `node:http` and an agent. */
import { readFileSync } from 'node:fs';
import { Agent, createServer, request, type IncomingMessage, type RequestOptions } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Duplex } from 'node:stream';

const [port, certificate = '-', ...upstreamPorts] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true, maxFreeSockets: 512 });
const cookie = /(?:^|; )session=([0-9]+)/;
let sessions = 0;

function route({ method, url, headers, socket }: IncomingMessage): { options: RequestOptions; setCookie?: string } {
  const known = cookie.exec(headers.cookie ?? '')?.[1];
  const session = known === undefined ? (sessions += 1) : Number(known);
  return {
    options: {
      agent,
      host: '127.0.0.1',
      port: upstreamPorts[session % upstreamPorts.length],
      method,
      path: url,
      headers: { ...headers, 'x-forwarded-for': socket.remoteAddress },
    },
    ...(known === undefined && { setCookie: `session=${session}; Path=/; HttpOnly` }),
  };
}

const server =
  certificate === '-'
    ? createServer()
    : createTlsServer({
        cert: readFileSync(certificate.split(',')[0] ?? ''),
        key: readFileSync(certificate.split(',')[1] ?? ''),
      });

server.on('request', (incoming, outgoing) => {
  const { options, setCookie } = route(incoming);
  const forwarded = request(options, (response) => {
    outgoing.writeHead(response.statusCode ?? 502, {
      ...response.headers,
      ...(setCookie !== undefined && { 'set-cookie': setCookie }),
    });
    response.pipe(outgoing);
  });
  forwarded.on('error', () => outgoing.destroy());
  incoming.pipe(forwarded);
});

server.on('upgrade', (incoming: IncomingMessage, client: Duplex) => {
  const forwarded = request({ ...route(incoming).options, agent: false });
  forwarded.on('upgrade', (response, app) => {
    const lines = Object.entries(response.headers).map(([name, value]) => `${name}: ${String(value)}\r\n`);
    client.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('')}\r\n`);
    app.pipe(client).pipe(app);
    for (const [one, other] of [[client, app] as const, [app, client] as const]) {
      one.on('error', () => other.destroy()).on('close', () => other.destroy());
    }
  });
  forwarded.on('error', () => client.destroy()).end();
});

server.listen(Number(port), '127.0.0.1');
