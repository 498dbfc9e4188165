import { readFileSync } from 'node:fs';
import { afterAll, beforeAll } from '@jest/globals';
import { describeWithApi } from '../support/api-server.ts';
import { connect, type Connection } from './api.ts';
import { parseKubeconfig } from './kubeconfig.ts';
import { lifecycle } from './lifecycle/topics.ts';
import { cleanUp, createNamespace, defineConformance } from './suite.ts';

describeWithApi('the controllers of a real control plane', () => {
  let api: Connection;

  beforeAll(async () => {
    const credentials = parseKubeconfig(readFileSync(process.env['KUBECONFIG'] ?? '', 'utf8'));
    api = await createNamespace((namespace) => connect(credentials, namespace));
  });
  afterAll(() => cleanUp(api), 60_000);

  defineConformance(lifecycle, () => api);
});
