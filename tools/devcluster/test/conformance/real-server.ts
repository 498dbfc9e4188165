/** The API server of KUBECONFIG. Objects that the cases leave are deleted at the end. */
import { readFileSync } from 'node:fs';
import { connect } from './api.ts';
import { parseKubeconfig } from './kubeconfig.ts';
import { cleanUp, createNamespace, type Server } from './suite.ts';

export async function connectToServer(): Promise<Server> {
  const credentials = parseKubeconfig(readFileSync(process.env['KUBECONFIG'] ?? '', 'utf8'));
  const api = await createNamespace((namespace) => connect(credentials, namespace));
  return { api, stop: () => cleanUp(api) };
}
