/** `node node-http-proxy.ts PORT UPSTREAM_PORT…`: a minimal sticky reverse proxy with `node:http` and an agent. */
import { Agent, createServer, request } from 'node:http';

const [port, ...upstreamPorts] = process.argv.slice(2).map(Number);
const agent = new Agent({ keepAlive: true, maxFreeSockets: 256 });
const cookie = /(?:^|; )session=([0-9]+)/;
let sessions = 0;

createServer((incoming, outgoing) => {
  const known = cookie.exec(incoming.headers.cookie ?? '')?.[1];
  const session = known === undefined ? (sessions += 1) : Number(known);
  const { method, url, headers, socket } = incoming;
  const options = {
    agent,
    host: '127.0.0.1',
    port: upstreamPorts[session % upstreamPorts.length],
    method,
    path: url,
    headers: { ...headers, 'x-forwarded-for': socket.remoteAddress },
  };
  const forwarded = request(options, (response) => {
    outgoing.writeHead(response.statusCode ?? 502, {
      ...response.headers,
      ...(known === undefined && { 'set-cookie': `session=${session}; Path=/; HttpOnly` }),
    });
    response.pipe(outgoing);
  });
  forwarded.on('error', () => outgoing.destroy());
  incoming.pipe(forwarded);
}).listen(port, '127.0.0.1');
