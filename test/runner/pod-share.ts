/**
 * The share of the processor that the pods of a cluster have. The tools put them all into one control group, and the kernel gives a group as much as
 * one process beside it: with ten busy processes of the tests, all pods together had an eleventh, as on no node of a real cluster, and shops took
 * seconds to answer.
 */
import { existsSync, writeFileSync } from 'node:fs';

/** As much as this many processes: half of the machine while two clusters and their tests run. */
const processes = 4;

/** By version of control groups: the file of a group, and what counts as one process in it. */
const versions = [
  { file: (group: string) => `/sys/fs/cgroup/cpu/${group}/cpu.shares`, oneProcess: 1024 },
  { file: (group: string) => `/sys/fs/cgroup/${group}/cpu.weight`, oneProcess: 100 },
];

/** `cluster`: its name. Does nothing where the tools have no such group. */
export function sharePodsProcessor(cluster: string): void {
  for (const { file, oneProcess } of versions) {
    const path = file(`holdfast-${cluster}`);
    if (existsSync(path)) writeFileSync(path, String(processes * oneProcess));
  }
}
