/** An API server of our own: nothing in it reacts but the operator, and its audit log says what the operator writes. */
import { existsSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { root } from '../../test/runner/process.ts';
import { runToEnd } from '../measure/program.ts';
import { addTidyUp } from '../measure/tidy-up.ts';
import { auditPolicy, openAuditLog, type AuditLog } from './audit.ts';

const tools = resolve(root, process.env['HOLDFAST_CLUSTER_TOOLS'] ?? '../shared/cluster');
const name = 'holdfast-bench';
// Others would create pods for Deployments, and take away those of a node that does not exist.
const controllers = '--controllers=serviceaccount-controller';

export type BenchCluster = {
  audit: AuditLog;
  /** With all rights. */
  admin: KubeConfig;
  /** Writes a kubeconfig with the rights that the manifests give to the operator, and answers its path. */
  operatorConfig: () => Promise<string>;
};

const kubectl = (...args: string[]): Promise<string> =>
  runToEnd({ command: join(tools, 'exec'), args: ['--name', name, 'kubectl', ...args] });

const end = async (): Promise<void> => {
  await runToEnd({ command: join(tools, 'down'), args: ['--name', name] });
};

/** Starts it with Gateway API and Holdfast's manifests; it is ended at the tidying up. */
export async function startCluster(folder: string): Promise<BenchCluster> {
  // One that was killed with an earlier benchmark.
  if (existsSync(`/run/holdfast-cluster/${name}`)) await end();
  const [policyFile, auditFile] = [join(folder, 'audit-policy.json'), join(folder, 'audit.log')];
  writeFileSync(policyFile, JSON.stringify(auditPolicy));
  writeFileSync(auditFile, '');
  addTidyUp(end);
  const flags = `--audit-policy-file=${policyFile} --audit-log-path=${auditFile}`;
  const env = { KUBE_APISERVER_FLAGS: flags, KUBE_CONTROLLER_MANAGER_FLAGS: controllers };
  await runToEnd({ command: join(tools, 'up'), args: ['--name', name, '--control-plane'], env });
  await kubectl('apply', '--server-side', '-f', join(tools, 'gateway-api/experimental'));
  await kubectl('apply', '-k', join(root, 'manifests/base'));
  await kubectl('wait', '--for=condition=Established', 'crd', '--all', '--timeout=30s');
  const admin = new KubeConfig();
  admin.loadFromFile(`/run/holdfast-cluster/${name}/kubeconfig`);
  return {
    audit: openAuditLog(auditFile),
    admin,
    operatorConfig: () => writeOperatorConfig(admin, join(folder, 'operator-kubeconfig.json')),
  };
}

async function writeOperatorConfig(admin: KubeConfig, file: string): Promise<string> {
  const token = (
    await kubectl('create', 'token', 'holdfast-operator', '-n', 'holdfast-system', '--duration=24h')
  ).trim();
  const cluster = admin.getCurrentCluster();
  if (cluster === null) throw new Error('the kubeconfig of the cluster names no cluster');
  const config = new KubeConfig();
  config.loadFromClusterAndUser(cluster, { name: 'operator', token });
  writeFileSync(file, config.exportConfig(), { mode: 0o600 });
  return file;
}
