/** One pool of connections, replaced only when the TLS credentials change. */
import http from 'node:http';
import https from 'node:https';
import { isDeepStrictEqual } from 'node:util';

/** What client-node sets on a request: headers, TLS credentials, and an agent if a proxy is configured. */
export type Credentials = Omit<https.RequestOptions, 'headers'> & { headers?: http.OutgoingHttpHeaders };

export interface AgentCache {
  agentFor: (url: URL, credentials: Credentials) => http.Agent;
  destroy: () => void;
}

/**
 * Idle connections are closed after a minute: before the API server drops them (90 s), so that no request is sent on a closing one,
 * and before cloud load balancers do. TCP keep-alive detects dead peers of idle watches.
 */
const poolOptions = { keepAlive: true, keepAliveMsecs: 30_000, timeout: 60_000 } as const;

const tlsFields = ['ca', 'cert', 'key', 'pfx', 'passphrase', 'servername', 'rejectUnauthorized'] as const;

type TlsMaterial = Pick<Credentials, (typeof tlsFields)[number]>;

function tlsMaterial(credentials: Credentials): TlsMaterial {
  return Object.fromEntries(
    tlsFields.filter((field) => credentials[field] !== undefined).map((field) => [field, credentials[field]]),
  );
}

export function createAgentCache(): AgentCache {
  let current: { agent: http.Agent; protocol: string; material: TlsMaterial } | undefined;

  return {
    agentFor(url, credentials) {
      const material = tlsMaterial(credentials);
      const { protocol } = url;
      // By content: files are read again for each call.
      if (current?.protocol === protocol && isDeepStrictEqual(current.material, material)) return current.agent;
      // The old pool drains by itself: its idle connections time out, and the server closes its watches.
      const agent =
        protocol === 'http:' ? new http.Agent(poolOptions) : new https.Agent({ ...poolOptions, ...material });
      current = { agent, protocol, material };
      return agent;
    },
    destroy() {
      current?.agent.destroy();
    },
  };
}
