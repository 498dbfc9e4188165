/** What every load generator is given, and what it returns. */

/** `cookies`: of sessions that have begun, undefined for requests without a session. */
export type Target = { port: number; cookies: readonly (string | undefined)[]; folder: string; core: number };

/** `started`: to be called when the load begins: from then on, CPU is counted. */
export type Turn = { seconds: number; started: () => void };

/** `count`: requests, messages or handshakes that succeeded. A failed one is an error. */
export type LoadResult = { count: number; seconds: number };

export type Load = (target: Target, turn: Turn) => Promise<LoadResult>;
