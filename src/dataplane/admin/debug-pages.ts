/** Debug pages of the proxy: the table it routes by, without its keys, and the sessions it counts. */
import type { Express } from 'express';
import type { RoutingTable } from '../../wire/routing-table.ts';
import type { SessionTable } from '../sessions/session-table.ts';
import { describeSessions, redactTable } from './debug.ts';

export type DebugPorts = {
  table: () => RoutingTable | undefined;
  sessions: Pick<SessionTable, 'slots' | 'list'>;
};

export function addDebugPages(app: Express, { table, sessions }: DebugPorts): Express {
  app.get('/debug/table', (_request, response) => {
    const current = table();
    if (current === undefined) response.status(503).type('text/plain').send('no routing table yet\n');
    else response.json(redactTable(current));
  });
  app.get('/debug/sessions', (request, response) => {
    const current = table();
    const { endpoint } = request.query;
    if (current === undefined) response.status(503).type('text/plain').send('no routing table yet\n');
    else {
      response.json({
        endpoints: describeSessions(current, sessions, typeof endpoint === 'string' ? endpoint : undefined),
      });
    }
  });
  return app;
}
