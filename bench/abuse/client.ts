/** `node client.ts PORT SECONDS COOKIE`: a client that reads each response before it sends the next request. Prints the latency of each request in ms. */
import { once } from 'node:events';
import { connect } from 'node:net';

const [port = '', seconds = '', cookie = ''] = process.argv.slice(2);
const request = `GET / HTTP/1.1\r\nHost: shop.example.com\r\nCookie: ${cookie}\r\n\r\n`;
/** Between two requests, so that the client measures the others' load and not its own. */
const pauseMs = 5;

const socket = connect({ port: Number(port), host: '127.0.0.1', noDelay: true });
await once(socket, 'connect');
const latenciesMs: number[] = [];
const end = performance.now() + Number(seconds) * 1000;
while (performance.now() < end) {
  const sentMs = performance.now();
  socket.write(request);
  for (let received = ''; !isComplete(received);) received += String((await once(socket, 'data'))[0]);
  latenciesMs.push(performance.now() - sentMs);
  await new Promise((resolve) => setTimeout(resolve, pauseMs));
}
socket.destroy();
console.log(latenciesMs.join('\n'));

function isComplete(response: string): boolean {
  const head = response.indexOf('\r\n\r\n');
  if (head === -1) return false;
  if (!response.startsWith('HTTP/1.1 200')) throw new Error(`the proxy responded ${response.slice(0, 40)}`);
  return response.length >= head + 4 + Number(/content-length: (\d+)/i.exec(response)?.[1]);
}
