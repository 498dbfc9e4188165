/** In which cases the devcluster is known to differ from Kubernetes, and why that is left so. */
import type { Differences } from './suite.ts';

export const differences: Differences = {
  'an EndpointSlice with an address of the loopback is refused': 'the pods of the devcluster have addresses there',
  'a Pod that keeps away from others nowhere is refused': 'affinities are kept as they are: all pods are on one node',
  'a Pod of a ServiceAccount that is not there is refused':
    'there is no admission for it: the pod is accepted, gets no token, and does not start',
};

export const lifecycleDifferences: Differences = {};
