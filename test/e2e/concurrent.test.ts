/** Scenarios that do not disturb each other, several at one time: starting pods is what takes most of the time. */
import { beforeAll, expect, test } from '@jest/globals';
import { describeWithCluster } from '../support/full-cluster.ts';
import { installHoldfast } from '../support/shop-cluster.ts';
import { addressReused } from './scenarios/address-reused.ts';
import { countedInThePod } from './scenarios/counted-in-the-pod.ts';
import { drainLimit } from './scenarios/drain-limit.ts';
import { grpcSessions } from './scenarios/grpc-sessions.ts';
import { guardedNamespace } from './scenarios/guarded-namespace.ts';
import { hostNetwork } from './scenarios/host-network.ts';
import { lateProxy } from './scenarios/late-proxy.ts';
import { lostSigterm } from './scenarios/lost-sigterm.ts';
import { namespaceDeleted } from './scenarios/namespace-deleted.ts';
import { notServing } from './scenarios/not-serving.ts';
import { onePod } from './scenarios/one-pod.ts';
import { pinnedByName } from './scenarios/pinned-by-name.ts';
import { podsReplaced } from './scenarios/pods-replaced.ts';
import { portChanged } from './scenarios/port-changed.ts';
import { proxiesConfigured } from './scenarios/proxies-configured.ts';
import { proxiesReplaced } from './scenarios/proxies-replaced.ts';
import { proxyKilled } from './scenarios/proxy-killed.ts';
import { returningBrowsers } from './scenarios/returning-browsers.ts';
import { socketIoSessions } from './scenarios/socketio-sessions.ts';
import { sidecarKilled } from './scenarios/sidecar-killed.ts';
import { slowPod } from './scenarios/slow-pod.ts';
import { workloadDeleted } from './scenarios/workload-deleted.ts';

const scenarios = [
  podsReplaced,
  portChanged,
  pinnedByName,
  proxiesConfigured,
  socketIoSessions,
  grpcSessions,
  lateProxy,
  returningBrowsers,
  notServing,
  proxiesReplaced,
  proxyKilled,
  sidecarKilled,
  slowPod,
  onePod,
  drainLimit,
  addressReused,
  countedInThePod,
  guardedNamespace,
  hostNetwork,
  lostSigterm,
  workloadDeleted,
  namespaceDeleted,
];

// Not inside of describe: Jest starts concurrent tests before the hooks of theirs.
beforeAll(installHoldfast, 180_000);

describeWithCluster('Side by side', () => {
  test.concurrent.each(scenarios)(
    '$title',
    async ({ play }) => {
      expect(await play()).toBeUndefined();
    },
    600_000,
  );
});
