/** The cases for pods that run, against a real kubelet and the real controllers. */
import { kubeletTopics } from '../../tools/devcluster/test/conformance/kubelet/topics.ts';
import { connectToServer } from '../../tools/devcluster/test/conformance/real-server.ts';
import { defineOnServer } from '../../tools/devcluster/test/conformance/suite.ts';
import { describeWithCluster } from '../support/full-cluster.ts';

/** The first node of the cluster: the tests run in its network, and pods find them there. */
const host = '10.200.0.1';

describeWithCluster('a real kubelet', () => {
  defineOnServer(connectToServer, kubeletTopics(host));
});
