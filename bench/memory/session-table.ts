/** `node --expose-gc session-table.ts SESSIONS`: fills the session table of a router, and prints the increase of used memory in bytes. */
import { createSessionIds } from '../../src/dataplane/sessions/session-ids.ts';
import { createSessionRouter } from '../../src/dataplane/sessions/router.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { localTable } from '../holdfast/table.ts';

const podPorts = Array.from({ length: 100 }, (_, number) => 8000 + number);

function bytesInUse(): number {
  // Twice: the first collection only begins to free the memory of typed arrays.
  for (let run = 0; run < 2; run += 1) globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** Assigns sessions to the pods in turn; each session has completed one request. */
function fill(sessionCount: number): number {
  const newSessionId = createSessionIds();
  const router = createSessionRouter({ clock: systemClock, random: Math.random, newSessionId });
  const table = localTable(80, podPorts);
  const nowMs = Date.now();
  router.applyTable(table, nowMs);
  const { sessions } = router;
  const slots = Object.values(table.backends).flatMap(({ endpoints }) =>
    endpoints.flatMap(({ id }) => sessions.slots.ofEndpoint(id)),
  );
  const before = bytesInUse();
  for (let count = 0; count < sessionCount; count += 1) {
    const slot = slots[count % slots.length];
    if (slot === undefined) throw new Error('the router compiled no slots from its table');
    const session = { ...newSessionId(), issuedAtS: Math.floor(nowMs / 1000) };
    sessions.open(session, slot, nowMs);
    sessions.close(session, nowMs);
  }
  const grown = bytesInUse() - before;
  // Read after the measurement, so that the table is still referenced during it.
  if (sessions.size() !== sessionCount) {
    throw new Error(`the table holds ${sessions.size()} sessions, not ${sessionCount}`);
  }
  return grown;
}

process.stdout.write(`${fill(Number(process.argv[2]))}\n`);
