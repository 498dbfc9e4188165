/** A client that opens a broken connection again, as a browser does, and finds its session or does not. */
import { setTimeout as delay } from 'node:timers/promises';
import { SessionLost } from './answer.ts';
import type { LossKind } from './session-log.ts';

/** `onCut`: called once for each broken connection, however many attempts the next one takes. */
export type Reconnect = { limitMs: number; onCut: (what: string) => void };

const cutKinds: ReadonlySet<LossKind> = new Set(['ConnectionBroken', 'WebSocketClosed', 'EventsEnded']);
const betweenTriesMs = 100;

export const isCut = (error: unknown): error is SessionLost => error instanceof SessionLost && cutKinds.has(error.kind);

/** Does it again for as long as nothing worse than a broken connection happens. Without `reconnect` the first break is the end. */
export async function persist<Value>(attempt: () => Promise<Value>, reconnect: Reconnect | undefined): Promise<Value> {
  const endMs = Date.now() + (reconnect?.limitMs ?? 0);
  let isReported = false;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!reconnect || !isCut(error)) throw error;
      if (!isReported) reconnect.onCut(error.message);
      isReported = true;
      if (Date.now() > endMs) throw error;
    }
    await delay(betweenTriesMs);
  }
}

type Closable = { destroy(): void };

/** One connection after another, each used until it breaks. */
export function reopening<Connection extends Closable>(
  open: () => Promise<Connection>,
  reconnect: Reconnect | undefined,
) {
  let current: Connection | undefined;
  const close = () => {
    current?.destroy();
    current = undefined;
  };
  const use = (attempt: (connection: Connection) => Promise<void>): Promise<void> =>
    persist(async () => {
      current ??= await open();
      await attempt(current).catch((error: unknown) => {
        close();
        throw error;
      });
    }, reconnect);
  return { open: () => use(() => Promise.resolve()), use, close };
}
