/** Address and credentials of the cluster: KUBECONFIG or the home directory outside of a cluster, the ServiceAccount inside. */
import { KubeConfig } from '@kubernetes/client-node';
import { AppError } from '../../platform/errors.ts';

export function loadKubeConfig(): KubeConfig {
  const config = new KubeConfig();
  config.loadFromDefault();
  return config;
}

/** Loads a named context. AppError CONFIG_INVALID lists the existing contexts. */
export function loadContext(name: string): KubeConfig {
  const config = loadKubeConfig();
  const names = config.getContexts().map((context) => context.name);
  if (!names.includes(name)) {
    throw new AppError(
      'CONFIG_INVALID',
      `the kubeconfig has no context ${JSON.stringify(name)}, it has ${names.join(', ') || 'no context'}`,
      { source: 'internal', retryable: false },
    );
  }
  config.setCurrentContext(name);
  return config;
}
