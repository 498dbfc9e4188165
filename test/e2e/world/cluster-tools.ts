/** The program that starts and stops parts of the cluster under test: the API server, a whole node. */
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../support/kubectl.ts';

const tools = process.env['HOLDFAST_CLUSTER_TOOLS'] ?? join(import.meta.dirname, '../../../../shared/cluster');

/** `node-2` is all of that node: stopping it is a power failure. */
export const stopComponent = (component: string): Promise<void> => call('stop', component);
/** Resolves when the component is healthy. */
export const startComponent = (component: string): Promise<void> => call('start', component);

/** One program with three names. Where the tools were copied without their symbolic links only the first of them, `restart`, can be run. */
async function call(name: 'start' | 'stop', component: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-tools-'));
  try {
    await symlink(join(tools, 'restart'), join(folder, name));
    await run(join(folder, name), [component]);
  } finally {
    await rm(folder, { recursive: true });
  }
}
