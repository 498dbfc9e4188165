/**
 * `node upstream.ts BODY_BYTES PORT…`: a minimal app on several ports, so that as much of the machine as possible is left to the proxy.
 * It treats each blank line as the end of a request, which holds for GET, and returns its port in X-Pod. `GET /8192` gets 8192 bytes. A
 * WebSocket gets a message for each message; all have the size of ./websocket.ts.
 */
import { createHash } from 'node:crypto';
import { createServer, type Socket } from 'node:net';
import { clientFrameBytes, serverFrame } from './websocket.ts';

const [bodyBytes = '0', ...ports] = process.argv.slice(2);
const endOfHead = Buffer.from('\r\n\r\n');
const longestPath = 16;

/** By size of the body. */
type Responses = Map<number, Buffer>;

function renderResponse(port: number, size: number): Buffer {
  const head = `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-Pod: ${port}\r\nContent-Length: ${size}\r\n\r\n`;
  return Buffer.from(head + 'x'.repeat(size));
}

function responseOf(size: number, port: number, responses: Responses): Buffer {
  const known = responses.get(size) ?? renderResponse(port, size);
  responses.set(size, known);
  return known;
}

/** The number in `GET /64`, or NaN. */
const sizeIn = (head: Buffer): number => Number.parseInt(head.toString('latin1', 'GET /'.length, longestPath), 10);

const upgradeKey = (head: Buffer): string | undefined =>
  /^sec-websocket-key: *(\S+)/im.exec(head.toString('latin1'))?.[1];

function openWebSocket(socket: Socket, key: string): void {
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  const lines = ['Upgrade: websocket', 'Connection: Upgrade', `Sec-WebSocket-Accept: ${accept}`];
  socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('\r\n')}\r\n\r\n`);
  let received = 0;
  socket.removeAllListeners('data').on('data', (chunk) => {
    for (received += chunk.length; received >= clientFrameBytes; received -= clientFrameBytes) {
      socket.write(serverFrame);
    }
  });
}

function serve(port: number): void {
  const responses: Responses = new Map();
  const server = createServer({ noDelay: true }, (socket) => {
    let head = Buffer.alloc(0);
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      head = head.length === 0 ? chunk : Buffer.concat([head, chunk]);
      for (let end = head.indexOf(endOfHead); end !== -1; end = head.indexOf(endOfHead)) {
        const size = sizeIn(head);
        const key = Number.isNaN(size) ? upgradeKey(head) : undefined;
        if (key !== undefined) return openWebSocket(socket, key);
        socket.write(responseOf(Number.isNaN(size) ? Number(bodyBytes) : size, port, responses));
        head = head.subarray(end + endOfHead.length);
      }
    });
  });
  server.listen(port, '127.0.0.1');
}

for (const port of ports) serve(Number(port));
