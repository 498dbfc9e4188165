/** Pods on a node that does not exist: no kubelet runs them, and only a pod with a node has a grace period. */
import type { Body, Fields } from './body.ts';
import { uniqueName, type Answer, type ConformanceApi } from './api.ts';
import { done } from './case.ts';
import { pod, pods } from './objects.ts';

export const bound = (api: ConformanceApi, spec: Fields = {}, metadata: Fields = {}): Promise<Body> =>
  done(api.post(pods(api), pod({ name: uniqueName('pod'), ...metadata }, { nodeName: 'nowhere', ...spec })));

/** Removes it at once. */
export const force = (api: ConformanceApi, name: string): Promise<Answer> =>
  api.delete(pods(api, name), { gracePeriodSeconds: 0 });
