/** The status of GatewayClasses: whether their Gateways are served, which CRDs are installed, and what is supported of them. */
import type { ProxyParameters } from '../resolve/proxy-parameters.ts';
import type { GatewayApi } from '../snapshot/snapshot.ts';
import { dateConditions, holds, lacks, readConditions, type Observed, type Verdict } from './dated-conditions.ts';
import { supportedFeatures } from './supported-features.ts';

type Judged = { parameters: ProxyParameters; gatewayApi: GatewayApi };

export function judgeGatewayClass({ parameters, gatewayApi }: Judged, observed: Observed, nowMs: number): object {
  const verdicts = [judgeParameters(parameters), judgeVersion(gatewayApi)];
  return {
    conditions: dateConditions(verdicts, observed, { nowMs, before: readConditions(observed.status) }),
    ...(minorOf(gatewayApi) >= firstMinorWithFeatures && {
      supportedFeatures: supportedFeatures.map((name) => ({ name })),
    }),
  };
}

const judgeParameters = (parameters: ProxyParameters): Verdict =>
  parameters.kind === 'broken'
    ? lacks('Accepted', 'InvalidParameters', parameters.message)
    : holds('Accepted', 'Accepted', 'The Holdfast proxy serves Gateways of this class.');

const firstMinor = 1;
const lastMinor = 7;
// Server-side apply refuses a field that the installed schema lacks; before v1.4 only the experimental channel has it, and first as a
// list of strings.
const firstMinorWithFeatures = 4;

function judgeVersion(gatewayApi: GatewayApi): Verdict {
  const found = (gatewayApi.installed && gatewayApi.bundleVersion) || 'no bundle-version annotation';
  const minor = minorOf(gatewayApi);
  if (minor >= firstMinor && minor <= lastMinor) {
    return holds(
      'SupportedVersion',
      'SupportedVersion',
      `The CRDs of Gateway API are of a supported version: ${found}.`,
    );
  }
  return lacks(
    'SupportedVersion',
    'UnsupportedVersion',
    `The CRD of HTTPRoute has ${found}. Gateways are served as far as the fields are known: install CRDs of v1.${firstMinor} to v1.${lastMinor}.`,
  );
}

/** Returns the second number of a version `v1.N.P`, or -1. */
function minorOf(gatewayApi: GatewayApi): number {
  if (!gatewayApi.installed) return -1;
  return Number(/^v1[.]([0-9]+)([.]|$)/.exec(gatewayApi.bundleVersion ?? '')?.[1] ?? -1);
}
