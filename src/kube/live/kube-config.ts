/** Where the cluster is and who we are there: KUBECONFIG or the home folder outside of a cluster, the ServiceAccount inside. */
import { KubeConfig } from '@kubernetes/client-node';

export function loadKubeConfig(): KubeConfig {
  const config = new KubeConfig();
  config.loadFromDefault();
  return config;
}
