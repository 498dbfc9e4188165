/** `node pass-through.ts PORT UPSTREAM_PORT`: forwards bytes in both directions without reading them. The minimum cost of a proxy on Node. */
import { connect, createServer } from 'node:net';

const [port, upstreamPort] = process.argv.slice(2).map(Number);

createServer({ noDelay: true }, (client) => {
  const upstream = connect({ port: upstreamPort ?? 0, host: '127.0.0.1', noDelay: true });
  client.on('data', (chunk) => upstream.write(chunk));
  upstream.on('data', (chunk) => client.write(chunk));
  const end = () => {
    client.destroy();
    upstream.destroy();
  };
  for (const socket of [client, upstream]) socket.on('error', end).on('close', end);
}).listen(port, '127.0.0.1');
