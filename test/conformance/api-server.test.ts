import { readFileSync } from 'node:fs';
import { afterAll, beforeAll } from '@jest/globals';
import { describeWithApi } from '../support/api-server.ts';
import { connect, type Connection } from './api.ts';
import { semantics } from './cases/topics.ts';
import { parseKubeconfig } from './kubeconfig.ts';
import { cleanUp, createNamespace, defineConformance } from './suite.ts';

describeWithApi('a real API server', () => {
  let api: Connection;

  beforeAll(async () => {
    const credentials = parseKubeconfig(readFileSync(process.env['KUBECONFIG'] ?? '', 'utf8'));
    api = await createNamespace((namespace) => connect(credentials, namespace));
  });
  afterAll(() => cleanUp(api), 60_000);

  defineConformance(semantics, () => api);
});
