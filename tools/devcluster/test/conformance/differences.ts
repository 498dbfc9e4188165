/** The conformance cases in which the devcluster differs from Kubernetes, with the reason. */
import type { Differences } from './suite.ts';

export const differences: Differences = {};

export const lifecycleDifferences: Differences = {};
