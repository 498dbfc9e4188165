import type { SocketKind } from '../../src/dataplane/net/sockets.ts';

/** The project `streams` of Jest runs the tests of the request path on other sockets. Undefined: the usual ones. */
export const socketKind = Reflect.get(globalThis, 'holdfastSockets') as SocketKind | undefined;
