/** One pool of connections, made anew only when the TLS credentials change. */
import http from 'node:http';
import https from 'node:https';

/** What client-node fills in of a request: headers, TLS credentials, and an agent where a proxy is configured. */
export type Credentials = Omit<https.RequestOptions, 'headers'> & { headers?: http.OutgoingHttpHeaders };

export interface AgentCache {
  agentFor: (url: URL, credentials: Credentials) => http.Agent;
  destroy: () => void;
}

/**
 * Idle connections go after a minute: before the API server drops them (90 s), so that no request is sent into a closing one,
 * and before cloud load balancers do. TCP keep-alive finds dead peers of quiet watches.
 */
const poolOptions = { keepAlive: true, keepAliveMsecs: 30_000, timeout: 60_000 } as const;

const tlsFields = ['ca', 'cert', 'key', 'pfx', 'passphrase', 'servername', 'rejectUnauthorized'] as const;

type TlsMaterial = Pick<Credentials, (typeof tlsFields)[number]>;

function tlsMaterial(credentials: Credentials): TlsMaterial {
  return Object.fromEntries(
    tlsFields.filter((field) => credentials[field] !== undefined).map((field) => [field, credentials[field]]),
  );
}

/** Buffers become their bytes: files are read again for each call, so identity says nothing. */
const fingerprint = (material: TlsMaterial): string =>
  JSON.stringify(material, (_key, value: unknown) => (Buffer.isBuffer(value) ? value.toString('base64') : value));

export function createAgentCache(): AgentCache {
  let current: { agent: http.Agent; fingerprint: string } | undefined;

  return {
    agentFor(url, credentials) {
      const material = tlsMaterial(credentials);
      const wanted = `${url.protocol} ${fingerprint(material)}`;
      if (current?.fingerprint === wanted) return current.agent;
      // The old pool is left to itself: its idle connections end by their timeout, its watches when the server ends them.
      const agent =
        url.protocol === 'http:' ? new http.Agent(poolOptions) : new https.Agent({ ...poolOptions, ...material });
      current = { agent, fingerprint: wanted };
      return agent;
    },
    destroy() {
      current?.agent.destroy();
    },
  };
}
