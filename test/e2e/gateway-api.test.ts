/**
 * The core of the official conformance suite of Gateway API, with the suite's own verdicts. The whole of it, also extended features, is
 * `npm run test:gateway`.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { SuiteResult } from '../conformance/results.ts';
import { crdFolder, proxiesFile, runSuite, setupCommand, whyNoSuite } from '../conformance/suite.ts';
import { runProgram } from '../runner/process.ts';
import { describeWithCluster } from '../support/full-cluster.ts';
import { kubectl } from '../support/kubectl.ts';
import { installHoldfast } from '../support/shop-cluster.ts';

const core = [
  'GRPCExactMethodMatching',
  'GRPCRouteHeaderMatching',
  'GRPCRouteListenerHostnameMatching',
  'GRPCRouteWeight',
  'GatewayClassObservedGenerationBump',
  'GatewayInvalidRouteKind',
  'GatewayInvalidTLSConfiguration',
  'GatewayListenerUnsupportedProtocol',
  'GatewayModifyListeners',
  'GatewayObservedGenerationBump',
  'GatewaySecretInvalidReferenceGrant',
  'GatewaySecretMissingReferenceGrant',
  'GatewaySecretReferenceGrantAllInNamespace',
  'GatewaySecretReferenceGrantSpecific',
  'GatewayWithAttachedRoutes',
  'HTTPRouteCrossNamespace',
  'HTTPRouteExactPathMatching',
  'HTTPRouteHTTPSListener',
  'HTTPRouteHeaderMatching',
  'HTTPRouteHostnameIntersection',
  'HTTPRouteInvalidBackendRefUnknownKind',
  'HTTPRouteInvalidCrossNamespaceBackendRef',
  'HTTPRouteInvalidCrossNamespaceParentRef',
  'HTTPRouteInvalidNonExistentBackendRef',
  'HTTPRouteInvalidParentRefNotMatchingSectionName',
  'HTTPRouteInvalidReferenceGrant',
  'HTTPRouteListenerHostnameMatching',
  'HTTPRouteMatching',
  'HTTPRouteMatchingAcrossRoutes',
  'HTTPRouteMultipleGateways',
  'HTTPRouteNoBackendRefs',
  'HTTPRouteObservedGenerationBump',
  'HTTPRoutePartiallyInvalidViaInvalidReferenceGrant',
  'HTTPRoutePathMatchOrder',
  'HTTPRouteRedirectHostAndStatus',
  'HTTPRouteReferenceGrant',
  'HTTPRouteRequestHeaderModifier',
  'HTTPRouteServiceTypes',
  'HTTPRouteSimpleSameNamespace',
  'HTTPRouteWeight',
];

const missing = whyNoSuite();
const declare = missing === undefined ? test : test.skip;

describeWithCluster('The conformance suite of Gateway API', () => {
  let results: readonly SuiteResult[] = [];
  let hadGatewayApi = true;

  beforeAll(async () => {
    if (missing !== undefined) return;
    hadGatewayApi = (await kubectl('get', 'crds', '-o', 'name')).includes('gatewayclasses');
    expect(await runProgram(setupCommand())).toBe(0);
    await installHoldfast();
    await kubectl('apply', '-f', proxiesFile);
    await kubectl('wait', '--for=condition=Accepted', 'gatewayclass/holdfast', '--timeout=60s');
    ({ results } = await runSuite({ tests: core }));
  }, 480_000);

  // Other tests find the cluster as it was.
  afterAll(async () => {
    if (missing !== undefined) return;
    await kubectl('delete', '-f', proxiesFile);
    if (!hadGatewayApi) await kubectl('delete', '-f', crdFolder);
  }, 120_000);

  declare.each(core)(`%s passes${missing === undefined ? '' : ` [skipped: ${missing}]`}`, (name) => {
    expect(results.find((result) => result.test === name)?.verdict).toBe('PASS');
  });
});
