/** Tests that need a real API server. `test/run.ts` starts one, or prints the reason why it cannot. */
import { describe } from '@jest/globals';
import { KubeConfig } from '@kubernetes/client-node';

const available = process.env['HOLDFAST_TEST_API'] === '1';
const reason = process.env['HOLDFAST_SKIP_REASON'] ?? 'no API server was given; get one by npm run test:api';

/** As `describe` if there is an API server (KUBECONFIG); otherwise the tests are skipped, with the reason in their names. */
export function describeWithApi(title: string, define: () => void): void {
  const declare = available ? describe : describe.skip;
  declare(available ? title : `${title} [skipped: ${reason}]`, define);
}

/** The configuration of the API server, from KUBECONFIG. */
export function loadApiConfig(): KubeConfig {
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromFile(process.env['KUBECONFIG'] ?? '');
  return kubeConfig;
}
