/**
 * The events of containers, ordered by the clock of this process. Each container runs the same program, which reports requests and signals
 * by HTTP, and does what the response says. So a case decides, while it runs, how long each step takes.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { eventually } from '../../../../../test/support/eventually.ts';

/** `text`: for a program that has started or got SIGTERM, the code to exit with; empty: go on. */
export type Reply = { status?: number; text?: string };

export type Release = (reply?: Reply) => void;

/** A line is `<pod> <container> <word>`; the words: `started`, `SIGTERM`, `ended`, and the paths that were asked for. */
export interface Journal {
  /** The URL for reports of containers; the names of pod and container follow. */
  readonly url: string;
  /** Each line that was written, the first time, without those that begin with `/probe`. */
  lines(pod: string): string[];
  count(line: string): number;
  /** When the line was written for the first time, or the nth; waits for it. */
  timeOf(line: string, occurrence?: number): Promise<number>;
  /** Sets the response to the line. */
  answer(line: string, reply: Reply): void;
  /** Delays the response to the line until it is released. */
  hold(line: string): Release;
  /** Lets a running container exit. */
  exit(container: string, code: number): void;
  close(): Promise<void>;
}

const patienceMs = 60_000;

export async function openJournal(host: string): Promise<Journal> {
  const entries: { line: string; atMs: number }[] = [];
  const replies = new Map<string, Promise<Reply>>();
  /** An open response to each running container. */
  const channels = new Map<string, ServerResponse>();

  const server = createServer((request, response) => {
    const [pod = '', container = '', ...words] = (request.url ?? '').slice(1).split('/').map(decodeURIComponent);
    void take({ container: `${pod} ${container}`, word: wordOf(words) }, request, response);
  });

  async function take(
    { container, word }: { container: string; word: string },
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    write(`${container} ${word}`);
    if (word === 'started') open(container, request, response);
    const { status = 200, text = '' } = await (replies.get(`${container} ${word}`) ?? defaultReply(word));
    if (word === 'started') response.write(text);
    else response.writeHead(status).end(text);
  }

  function open(container: string, request: IncomingMessage, response: ServerResponse): void {
    channels.set(container, response);
    request.socket.once('close', () => write(`${container} ended`));
    response.writeHead(200).flushHeaders();
  }

  function write(line: string): void {
    entries.push({ line, atMs: Date.now() });
  }

  const written = (line: string) => entries.filter((entry) => entry.line === line);
  server.listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${host}:${port}`,
    lines: (pod) =>
      [...new Set(entries.map(({ line }) => line))]
        .filter((line) => line.startsWith(`${pod} `) && !line.includes(' /probe'))
        .map((line) => line.slice(pod.length + 1)),
    count: (line) => written(line).length,
    timeOf: async (line, occurrence = 1) => {
      const isWritten = () => written(line).length >= occurrence;
      await eventually(
        () => ({ missing: `${line} (${occurrence})`, written: entries.map((entry) => entry.line) }),
        isWritten,
        patienceMs,
      );
      return written(line)[occurrence - 1]?.atMs ?? 0;
    },
    answer: (line, reply) => {
      replies.set(line, Promise.resolve(reply));
    },
    hold: (line) => {
      const { promise, resolve } = Promise.withResolvers<Reply>();
      replies.set(line, promise);
      return (reply = {}) => {
        resolve(reply);
      };
    },
    exit: (container, code) => {
      channels.get(container)?.write(String(code));
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A requested path keeps its slash; the program itself reports `started` and `SIGTERM`. */
const wordOf = (words: readonly string[]): string =>
  words[0] === '' ? `/${words.slice(1).join('/')}` : words.join('/');

const defaultReply = (word: string): Reply => (word === 'SIGTERM' ? { text: '0' } : {});
