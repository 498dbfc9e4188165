/**
 * Controls for tests, on a port that no Service exposes: fail a probe, use CPU, report sessions. A production app has no such port, but it does fail
 * its probes, run at high load, and know its sessions.
 */
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { sendJson } from './http.ts';
import type { Shop } from './shop.ts';

type Log = (event: string, fields?: object) => void;

const sliceMs = 100;

export function createControl(shop: Pick<Shop, 'health' | 'count'>, log: Log): Server {
  const burner = createBurner();
  const switches: Record<string, (query: URLSearchParams) => object> = {
    'POST /not-ready': () => Object.assign(shop.health, { ready: false }),
    'POST /not-live': () => Object.assign(shop.health, { live: false }),
    'POST /burn': (query) => burner.burn(Number(query.get('share') ?? 0)),
    'GET /prestop': () => shop.count(),
  };
  return createServer((request: IncomingMessage, response: ServerResponse) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://shop');
    const flip = switches[`${request.method} ${pathname}`];
    if (pathname === '/sessions') response.end(`${shop.count().sessions}\n`);
    else if (flip) {
      const state = flip(searchParams);
      log(pathname === '/prestop' ? 'PreStop' : 'Switched', { to: pathname.slice(1), ...state });
      sendJson(response, 200, state);
    } else sendJson(response, 404, { error: 'no such control' });
  });
}

/** Uses a share of one core, in slices short enough that requests are still answered. */
function createBurner() {
  let timer: NodeJS.Timeout | undefined;
  return {
    burn(share: number): object {
      clearInterval(timer);
      const busyMs = Math.min(Math.max(share, 0), 0.9) * sliceMs;
      if (busyMs > 0) timer = setInterval(() => spin(busyMs), sliceMs);
      return { share: busyMs / sliceMs };
    },
  };
}

function spin(busyMs: number): void {
  const endMs = performance.now() + busyMs;
  while (performance.now() < endMs);
}
