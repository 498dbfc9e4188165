/**
 * A chat room per pod on Socket.IO, with its defaults: a client begins with long polling and upgrades to a WebSocket. Every request of a
 * client must reach the pod that has its Engine.IO session.
 */
import { createServer } from 'node:http';
import { Server } from 'socket.io';

const pod = process.env['POD_NAME'] ?? 'local';
const http = createServer((_request, response) => {
  response.end(pod);
});
const io = new Server(http);

io.on('connection', (socket) => {
  const said: string[] = [];
  socket.on('say', (text: string, acknowledge: (answer: { pod: string; said: string[] }) => void) => {
    said.push(text);
    acknowledge({ pod, said });
  });
});

http.listen(Number(process.env['PORT'] ?? 8080));
process.once('SIGTERM', () => {
  void io.close();
});
