/** XBackends as their users write them: the fields of Gateway API v1.7 that Holdfast reads. */
import type { SessionPersistenceSpec } from './http-route.ts';

export type XBackend = { namespace: string; name: string; uid: string; generation: number; spec: XBackendSpec };

export type XBackendSpec = {
  type?: string;
  endpointSelector?: { matchLabels?: Record<string, string> };
  port?: { number?: number };
  protocol?: string;
  tls?: { mode?: string };
  sessionPersistence?: SessionPersistenceSpec;
};
