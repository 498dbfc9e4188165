/** An API server without other controllers; its audit log records what the operator writes. */
import { existsSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { root } from '../../test/runner/process.ts';
import { runToEnd } from '../measure/program.ts';
import { addCleanup } from '../measure/cleanup.ts';
import { auditPolicy, openAuditLog, type AuditLog } from './audit.ts';

const tools = resolve(root, process.env['HOLDFAST_CLUSTER_TOOLS'] ?? '../shared/cluster');
const name = 'holdfast-bench';
// Other controllers would create pods for Deployments, and delete pods of a node that does not exist.
const controllers = '--controllers=serviceaccount-controller';

export type BenchCluster = {
  audit: AuditLog;
  /** A client with all permissions. */
  admin: KubeConfig;
  /** Writes a kubeconfig with the permissions that the manifests grant the operator, and returns its path. */
  operatorConfig: () => Promise<string>;
};

const kubectl = (...args: string[]): Promise<string> =>
  runToEnd({ command: join(tools, 'exec'), args: ['--name', name, 'kubectl', ...args] });

const end = async (): Promise<void> => {
  await runToEnd({ command: join(tools, 'down'), args: ['--name', name] });
};

/** Starts it with Gateway API and Holdfast's manifests; cleanUp() stops it. */
export async function startCluster(folder: string): Promise<BenchCluster> {
  // Left by an earlier benchmark that was killed.
  if (existsSync(`/run/holdfast-cluster/${name}`)) await end();
  const [policyFile, auditFile] = [join(folder, 'audit-policy.json'), join(folder, 'audit.log')];
  writeFileSync(policyFile, JSON.stringify(auditPolicy));
  writeFileSync(auditFile, '');
  addCleanup(end);
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
