/** In which cases the devcluster is known to differ from Kubernetes, and why that is left so. */
import type { Differences } from './suite.ts';

export const differences: Differences = {};

export const lifecycleDifferences: Differences = {};
