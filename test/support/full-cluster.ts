/** Tests that need a whole cluster. `test/run.ts` starts one and runs them in its network, or prints the reason why it cannot. */
import { describe } from '@jest/globals';

const available = process.env['HOLDFAST_TEST_E2E'] === '1';
const reason = process.env['HOLDFAST_SKIP_REASON'] ?? 'run it with npm run test:e2e';

/** As `describe` if there is a whole cluster (KUBECONFIG); otherwise the tests are skipped, with the reason in their names. */
export function describeWithCluster(title: string, define: () => void): void {
  const declare = available ? describe : describe.skip;
  declare(available ? title : `${title} [skipped: ${reason}]`, define);
}
