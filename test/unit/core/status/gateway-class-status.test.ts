import { describe, expect, test } from '@jest/globals';
import type { ProxyParameters } from '../../../../src/core/resolve/proxy-parameters.ts';
import { judgeGatewayClass } from '../../../../src/core/status/gateway-class-status.ts';
import { supportedFeatures } from '../../../../src/core/status/supported-features.ts';
import { translate } from '../../../../src/core/translate/translate.ts';
import { snapshotOf } from '../../../support/world.ts';

type Status = {
  conditions: { type: string; status: string; reason: string }[];
  supportedFeatures?: { name: string }[];
};

const parametersOf = (): ProxyParameters => {
  const found = translate(snapshotOf({ gateways: [{ name: 'web' }] })).gateways['shop/web']?.parameters;
  if (!found) throw new Error('there is no Gateway');
  return found;
};

const judge = (bundleVersion?: string): Status =>
  judgeGatewayClass(
    {
      parameters: parametersOf(),
      gatewayApi: { installed: true, sessionPersistence: 'B', ...(bundleVersion !== undefined && { bundleVersion }) },
    },
    { generation: 1 },
    0,
  ) as Status;

describe('a GatewayClass', () => {
  test.each([
    ['v1.6.3', 'True SupportedVersion'],
    ['v1.1.0', 'True SupportedVersion'],
    ['v1.7.0-rc.1', 'True SupportedVersion'],
    ['v1.10.0', 'False UnsupportedVersion'],
    ['v2.6.0', 'False UnsupportedVersion'],
    ['v0.0.0-dev', 'False UnsupportedVersion'],
    [undefined, 'False UnsupportedVersion'],
  ])('is accepted, and with CRDs of %s has SupportedVersion %s', (version, verdict) => {
    const [accepted, supported] = judge(version).conditions;
    expect(accepted).toMatchObject({ type: 'Accepted', status: 'True' });
    expect(`${supported?.status} ${supported?.reason}`).toBe(verdict);
  });

  test.each([
    ['v1.4.0', true],
    ['v1.12.0', true],
    ['v1.3.0', false],
    [undefined, false],
  ])('with CRDs of %s lists its features only if their schema has the list', (version, has) => {
    expect(judge(version).supportedFeatures !== undefined).toBe(has);
  });

  test('lists features in ascending order and once, as Gateway API requires', () => {
    const names = judge('v1.6.3').supportedFeatures?.map(({ name }) => name);
    expect(names).toEqual([...supportedFeatures]);
    expect(names).toEqual([...new Set(names)].toSorted());
  });
});
