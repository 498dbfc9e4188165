/** The address of an API server and the credentials, from a kubeconfig. */
import { parse } from 'yaml';

export type Credentials = { server: string; ca?: string; cert?: string; key?: string; token?: string };

type Kubeconfig = {
  'current-context': string;
  contexts: { name: string; context: { cluster: string; user: string } }[];
  clusters: { name: string; cluster: { server: string; 'certificate-authority-data'?: string } }[];
  users: { name: string; user: { token?: string; 'client-certificate-data'?: string; 'client-key-data'?: string } }[];
};

/** Of the current context; references to files are not supported. */
export function parseKubeconfig(text: string): Credentials {
  const config = parse(text) as Kubeconfig;
  const { context } = named(config.contexts, config['current-context']);
  const { cluster } = named(config.clusters, context.cluster);
  const { user } = named(config.users, context.user);
  return {
    server: cluster.server,
    ...decoded('ca', cluster['certificate-authority-data']),
    ...decoded('cert', user['client-certificate-data']),
    ...decoded('key', user['client-key-data']),
    ...(user.token === undefined ? {} : { token: user.token }),
  };
}

function named<T extends { name: string }>(entries: readonly T[], name: string): T {
  const entry = entries.find((candidate) => candidate.name === name);
  if (!entry) throw new Error(`the kubeconfig has no ${name}`);
  return entry;
}

function decoded(field: 'ca' | 'cert' | 'key', data: string | undefined): { [field: string]: string } {
  return data === undefined ? {} : { [field]: Buffer.from(data, 'base64').toString() };
}
