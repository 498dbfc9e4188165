/** The cases for a kubelet, by topic. They need a cluster that runs pods. */
import type { Topics } from '../case.ts';
import { endpoints } from './endpoints.ts';
import { environment } from './environment.ts';
import { probes } from './probes.ts';
import { withScene } from './scene.ts';
import { sidecars } from './sidecars.ts';
import { starting } from './starting.ts';
import { stopping } from './stopping.ts';
import { workloads } from './workloads.ts';

/** `host`: the address at which pods find this process. One topic of all: its cases run side by side, and do little but wait. */
export const kubeletTopics = (host: string): Topics => ({
  pods: [starting, stopping, sidecars, probes, endpoints, environment, workloads].flat().map(withScene(host)),
});
