/** An API server of the devcluster over TLS, and a plain client for it. */
import { request } from 'node:https';
import { createApiServer, type ApiServer, type ApiServerOptions } from '../../../apiserver/server.ts';
import type { Resource } from '../../../../../src/kube/ports.ts';
import { createCertificates } from '../../../../demo/certificate.ts';

export const serviceAccounts: Resource = {
  group: '',
  version: 'v1',
  kind: 'ServiceAccount',
  plural: 'serviceaccounts',
  namespaced: true,
};

export type Answer = { status: number; text: string };
export type World = {
  server: ApiServer;
  url: string;
  ca: string;
  send(method: string, path: string, options?: { token?: string; body?: object }): Promise<Answer>;
};

export async function startWorld(options: ApiServerOptions = {}): Promise<World> {
  const { caPem, certPem, keyPem } = await createCertificates({ addresses: ['127.0.0.1'] });
  const server = await createApiServer({ ...options, tls: { ca: caPem, cert: certPem, key: keyPem } });
  const url = await server.listen(0);
  return {
    server,
    url,
    ca: caPem,
    send: (method, path, { token = server.adminToken, body } = {}) =>
      new Promise((resolve, reject) => {
        const headers = {
          'content-type': 'application/json',
          ...(token !== '' && { authorization: `Bearer ${token}` }),
        };
        const outgoing = request(`${url}${path}`, { method, headers, ca: caPem, agent: false }, (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
          response.on('error', reject).on('end', () => resolve({ status: response.statusCode ?? 0, text }));
        });
        outgoing.on('error', reject).end(body === undefined ? undefined : JSON.stringify(body));
      }),
  };
}
