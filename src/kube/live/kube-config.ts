/** Where the cluster is and who we are there: KUBECONFIG or the home folder outside of a cluster, the ServiceAccount inside. */
import { KubeConfig } from '@kubernetes/client-node';
import { AppError } from '../../platform/errors.ts';

export function loadKubeConfig(): KubeConfig {
  const config = new KubeConfig();
  config.loadFromDefault();
  return config;
}

/** The cluster and user of one context, whichever is the current one. AppError CONFIG_INVALID names the contexts that there are. */
export function loadContext(name: string): KubeConfig {
  const config = loadKubeConfig();
  const names = config.getContexts().map((context) => context.name);
  if (!names.includes(name)) {
    throw new AppError(
      'CONFIG_INVALID',
      `the kubeconfig has no context ${JSON.stringify(name)}, but ${names.join(', ') || 'none at all'}`,
      { source: 'internal', retryable: false },
    );
  }
  config.setCurrentContext(name);
  return config;
}
