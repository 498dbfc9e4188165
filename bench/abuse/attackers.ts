/**
 * `node attackers.ts PORT COUNT COOKIE`: connections that send requests as fast as the proxy takes them, and never read a response. Prints a line
 * when all are connected; runs until SIGTERM.
 */
import { connect, type Socket } from 'node:net';

const [port = '', count = '', cookie = ''] = process.argv.slice(2);
const request = `GET / HTTP/1.1\r\nHost: shop.example.com\r\nCookie: ${cookie}\r\n\r\n`;
const requests = Buffer.from(request.repeat(200));

function attack(): Promise<Socket> {
  // A paused socket reads nothing, so the window of the connection closes.
  const socket = connect({ port: Number(port), host: '127.0.0.1' }).pause();
  const send = () => {
    while (socket.write(requests));
  };
  socket.on('drain', send);
  // The proxy may close it.
  socket.on('error', () => socket.destroy());
  return new Promise((resolve) => {
    socket.once('connect', () => {
      send();
      resolve(socket);
    });
  });
}

await Promise.all(Array.from({ length: Number(count) }, attack));
console.log('connected');
