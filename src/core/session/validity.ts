/** For how long the id of an ended session must be remembered: as long as a token with it could be valid. */
import type { RoutingTable } from '../../wire/routing-table.ts';
import { maxClockSkewS, tokenValidityMs } from './token.ts';

/** A token behind an id of the app is not renewed, and has no end while its pod exists: clients rarely keep one for longer than a day. */
const appTokenValidityMs = 24 * 3_600_000;

/** Without a table the idle timeout is unknown: most are shorter. */
const unknownValidityMs = 24 * 3_600_000;

/** A proxy that has not received the notice yet may renew the token for some seconds, by a clock that is ahead of others. */
const slackMs = maxClockSkewS * 1000 + 15_000;

/** Returns the time for any session of the table: a notice does not say of which backend its session is. */
export function endsRememberedMs(table: Pick<RoutingTable, 'routes' | 'backends'> | undefined): number {
  if (table === undefined) return unknownValidityMs + slackMs;
  const isAppOwned = table.routes.some(({ persistence }) => persistence?.carrier.type.startsWith('Application'));
  const byLimits = Object.values(table.backends).flatMap(({ sessions }) =>
    sessions ? [tokenValidityMs(sessions.limits)] : [],
  );
  return Math.max(isAppOwned ? appTokenValidityMs : 0, ...byLimits) + slackMs;
}
