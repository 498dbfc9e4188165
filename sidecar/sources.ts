/** The session sources that are counted in the pod itself. The operator sends the other one, `Proxy`. */
import type { SessionSource, SourceType } from '../src/wire/messages.ts';
import { countApplication } from './application.ts';
import type { SidecarConfig } from './config.ts';
import { createConnectionCounter } from './connections.ts';
import { describeError } from '../src/platform/errors.ts';

/** Counts all sources once. Never rejects: a source that cannot be counted is unknown. */
export type CountSources = () => Promise<SessionSource[]>;

export function createSources(
  { policy, connections, application, podIp }: SidecarConfig,
  nowMs: () => number,
): CountSources {
  const countConnections = createConnectionCounter({
    settings: connections,
    quietPeriodMs: policy.quietPeriodMs,
    folder: '/proc/net',
    nowMs,
  });
  const countApp = () =>
    application
      ? countApplication({ host: podIp, ...application })
      : Promise.reject(new Error('the port of the app is not known'));
  const counters = { Connections: countConnections, Application: countApp } as const;
  const wanted = (['Connections', 'Application'] as const).filter((type) => policy.sources.includes(type));
  return () => Promise.all(wanted.map((type) => countOne(type, counters[type])));
}

async function countOne(type: SourceType, count: () => Promise<number>): Promise<SessionSource> {
  try {
    return { type, known: true, sessions: await count() };
  } catch (error) {
    return { type, known: false, reason: describeError(error) };
  }
}
