/** The cases for controllers, by topic. They need a cluster without nodes: the cases write the status of pods themselves. */
import type { Topics } from '../case.ts';
import { collection } from './collection.ts';
import { deploymentCases } from './deployments.ts';
import { endpointCases } from './endpoints.ts';
import { replicaSetCases } from './replica-sets.ts';

export const lifecycle: Topics = {
  deployments: deploymentCases,
  replicaSets: replicaSetCases,
  endpoints: endpointCases,
  collection,
};
