/** The heap of another Node process without its garbage, by its inspector. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Program } from './program.ts';
import { memoryOf } from './usage.ts';

/** `heap`: objects and array buffers in use. `resident`: all pages in memory. In bytes, after a garbage collection. */
export type Kept = { heap: number; resident: number };

/** For threads that return pages after a collection. */
const settleMs = 3_000;
const patienceMs = 5_000;

/** A process on which this was called before has the inspector's own memory: call it once before the first figure that counts. */
export async function keptBy(program: Program): Promise<Kept> {
  const socket = new WebSocket(await inspectorOf(program));
  try {
    await eventOf(socket, 'open');
    // Twice: the first collection only begins to free the memory of typed arrays.
    for (let run = 0; run < 2; run += 1) await call(socket, 'HeapProfiler.collectGarbage');
    const heap = await call(socket, 'Runtime.getHeapUsage');
    await sleep(settleMs);
    return {
      heap: Number(heap['usedSize']) + Number(heap['backingStorageSize']),
      resident: memoryOf(program.pid).resident,
    };
  } finally {
    socket.close();
  }
}

/** Node starts its inspector at this signal, and prints its address. */
async function inspectorOf(program: Program): Promise<string> {
  process.kill(program.pid, 'SIGUSR1');
  for (const end = Date.now() + patienceMs; Date.now() < end; await sleep(20)) {
    const address = /Debugger listening on (ws:\S+)/.exec(program.tail())?.[1];
    if (address !== undefined) return address;
  }
  throw new Error(`the inspector of process ${program.pid} did not start: ${program.tail()}`);
}

const eventOf = (socket: WebSocket, name: 'open' | 'message'): Promise<Event> =>
  new Promise((resolve, reject) => {
    socket.addEventListener(name, resolve, { once: true });
    socket.addEventListener('error', () => reject(new Error('the inspector closed the connection')), { once: true });
  });

/** One call at a time: no other message is expected. */
async function call(socket: WebSocket, method: string): Promise<Record<string, unknown>> {
  const answered = eventOf(socket, 'message');
  socket.send(JSON.stringify({ id: 1, method }));
  const event = await answered;
  const { result } = JSON.parse(event instanceof MessageEvent ? String(event.data) : '{}');
  if (typeof result === 'object' && result !== null) return result;
  throw new Error(`the inspector did not answer ${method}`);
}
