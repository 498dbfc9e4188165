import { translate } from '../../src/core/translate/translate.ts';
import { findConflicts } from '../../src/core/render/conflicts.ts';
import { renderGateway, renderGatewayClass } from '../../src/core/render/gateway.ts';
import { renderWorkload } from '../../src/core/render/workload.ts';
import { goldenCases } from '../support/golden.ts';
import { snapshotOf, type ShortWorld } from '../support/world.ts';

const proxy = {
  image: 'registry.example/holdfast:1',
  imagePullPolicy: 'IfNotPresent',
  caPem: '-----BEGIN CERTIFICATE-----',
  discoveryHost: 'holdfast-discovery.holdfast-system.svc',
  serverName: 'holdfast-operator.holdfast-system.svc',
} as const;

goldenCases(new URL('render/', import.meta.url), (input) => {
  const snapshot = snapshotOf(input as ShortWorld);
  const { gatewayApi } = snapshot;
  const { accepts, gateways, index } = translate(snapshot);
  const workloads = Object.values(accepts).flatMap((accept) =>
    accept.kind === 'accepted' ? renderWorkload(accept.plan, { gatewayApi, pods: snapshot.pods }) : [],
  );
  const shared = Object.values(gateways).flatMap((gateway) =>
    renderGateway(gateway, { gatewayApi, proxy, seen: index }),
  );
  const objects = [
    ...workloads,
    ...shared,
    ...(gatewayApi.installed ? [renderGatewayClass(snapshot.operatorNamespace)] : []),
  ];
  return { objects, conflicts: findConflicts(objects, index) };
});
