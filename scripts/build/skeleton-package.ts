/**
 * `@dot-i/k8s-operator` in the bundle, reduced to what Holdfast uses.
 *
 * It is CommonJS: its `require()` of the Kubernetes client would include every class of the client: 16 MB of
 * code and 40 MB of memory for each operator. It also includes gaxios for writes that kube/live/skeleton.ts overrides.
 */
import { readFileSync } from 'node:fs';
import * as clientNode from '@kubernetes/client-node';
import type { Plugin } from 'esbuild';

const client = '@kubernetes/client-node';
const skeleton = /node_modules\/@dot-i\/k8s-operator\//;

export const skeletonPackage: Plugin = {
  name: 'skeleton-package',
  setup(build) {
    build.onResolve({ filter: new RegExp(`^(${client}|gaxios)$`) }, ({ path, importer, kind }) => {
      if (kind !== 'require-call' || !skeleton.test(importer)) return undefined;
      return path === client ? { path: importer, namespace: 'narrow-client' } : { path, namespace: 'refused' };
    });
    build.onLoad({ filter: skeleton, namespace: 'narrow-client' }, ({ path }) => ({
      contents: `export { ${namesUsedBy(readFileSync(path, 'utf8')).join(', ')} } from '${client}';`,
      resolveDir: build.initialOptions.absWorkingDir ?? '.',
    }));
    build.onLoad({ filter: /^gaxios$/, namespace: 'refused' }, () => ({
      contents:
        "exports.instance = { request() { throw new Error('gaxios is not in the bundle: kube/live/skeleton.ts overrides what would call it'); } };",
    }));
  },
};

/** The compiled package refers to `k8s.CoreV1Api` and `client_node_1.Watch`. Names that the client does not export are from comments or types. */
function namesUsedBy(source: string): string[] {
  const names = new Set([...source.matchAll(/\b(?:k8s|client_node_\d+)\.(\w+)/g)].flatMap(([, name]) => name ?? []));
  const used = [...names].filter((name) => name in clientNode).toSorted();
  if (used.length === 0) throw new Error(`no use of ${client} found: how this package names it has changed`);
  return used;
}
