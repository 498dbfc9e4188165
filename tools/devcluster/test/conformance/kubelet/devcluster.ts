/** A whole devcluster: pods run as processes. */
import { readFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createCertificates } from '../../../../demo/certificate.ts';
import { startDevcluster } from '../../../devcluster.ts';
import { systemClock } from '../../../../../src/platform/clock.ts';
import { createMemoryLogger } from '../../../../../test/support/memory-logger.ts';
import { connect } from '../api.ts';
import { parseKubeconfig } from '../kubeconfig.ts';
import { createNamespace, type Server } from '../suite.ts';
import { image } from './program.ts';

export async function startWithNode(): Promise<Server> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-conformance-'));
  const { caPem, certPem, keyPem } = await createCertificates({ addresses: ['127.0.0.1'] });
  const devcluster = await startDevcluster({
    clock: systemClock,
    log: createMemoryLogger(),
    tempFolder: folder,
    port: 0,
    tls: { ca: caPem, cert: certPem, key: keyPem },
    // Hundreds of starts of one program: Node caches its compilation.
    images: new Map([
      [
        image,
        {
          command: [process.execPath],
          cwd: folder,
          env: { PATH: dirname(process.execPath), NODE_COMPILE_CACHE: join(folder, 'compiled') },
        },
      ],
    ]),
    // Different from those of other tests, which may run concurrently.
    podCidr: '127.32.0.0/13',
    serviceCidr: '127.40.0.0/13',
  });
  const credentials = parseKubeconfig(await readFile(devcluster.kubeconfigFile, 'utf8'));
  const api = await createNamespace((namespace) => connect(credentials, namespace));
  return {
    api,
    stop: async () => {
      api.close();
      await devcluster.stop();
      await rm(folder, { recursive: true });
    },
  };
}
