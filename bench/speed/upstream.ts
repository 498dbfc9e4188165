/**
 * `node upstream.ts BODY_BYTES PORT…`: a minimal app on several ports, so that as much of the machine as possible
 * is left to the proxy. It treats each blank line as the end of a request, which holds for GET, and returns its port in X-Pod.
 */
import { createServer } from 'node:net';

const [bodyBytes = '0', ...ports] = process.argv.slice(2);
const endOfHead = Buffer.from('\r\n\r\n');

function serve(port: number): void {
  const body = 'x'.repeat(Number(bodyBytes));
  const response = Buffer.from(
    `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-Pod: ${port}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  const server = createServer({ noDelay: true }, (socket) => {
    let head = Buffer.alloc(0);
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      head = head.length === 0 ? chunk : Buffer.concat([head, chunk]);
      for (let end = head.indexOf(endOfHead); end !== -1; end = head.indexOf(endOfHead)) {
        socket.write(response);
        head = head.subarray(end + endOfHead.length);
      }
    });
  });
  server.listen(port, '127.0.0.1');
}

for (const port of ports) serve(Number(port));
