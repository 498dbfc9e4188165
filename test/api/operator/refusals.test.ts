import { expect, test } from '@jest/globals';
import { describeWithApi } from '../../support/api-server.ts';
import {
  apply,
  deployment,
  eventsAbout,
  installOperator,
  stickyWorkload,
  untilReason,
  untilThere,
} from '../../support/api-world.ts';
import { kubectl, until } from '../../support/kubectl.ts';
import { getObject } from '../../support/objects.ts';

const namespace = 'refusals';

describeWithApi('StickyWorkloads that the operator refuses', () => {
  const operator = installOperator(namespace);

  test('the condition names an unknown target, and is removed once the target exists', async () => {
    await apply(stickyWorkload(namespace, 'late'));
    const condition = await untilReason(namespace, 'late', 'Accepted', 'TargetNotFound');
    expect(condition.message).toContain('Deployment late does not exist in namespace refusals');
    expect(condition.message).toContain('create it');
    expect(await getObject('service', 'late', namespace)).toBeUndefined();
    await apply(deployment(namespace, 'late'));
    await untilReason(namespace, 'late', 'Accepted', 'Accepted');
  });

  test('the API server refuses the PROXY protocol without the addresses of a load balancer', async () => {
    const proxy = (clientAddress: object) => ({
      apiVersion: 'holdfast.dev/v1alpha1',
      kind: 'HoldfastProxy',
      metadata: { namespace, name: 'balanced' },
      spec: { clientAddress },
    });
    await expect(apply(proxy({ proxyProtocol: 'Required' }))).rejects.toThrow(
      'add the addresses of the load balancer to trustedProxies',
    );
    await apply(proxy({ proxyProtocol: 'Required', trustedProxies: ['127.0.0.0/8', '10.0.0.0/8'] }));
  });

  test('the API server refuses an access log of more requests than there are', async () => {
    const proxy = (samplingFraction: object) => ({
      apiVersion: 'holdfast.dev/v1alpha1',
      kind: 'HoldfastProxy',
      metadata: { namespace, name: 'logged' },
      spec: { accessLog: { samplingFraction } },
    });
    await expect(apply(proxy({ numerator: 101 }))).rejects.toThrow('numerator must not exceed denominator');
    await apply(proxy({ numerator: 1 }));
  });

  test('a target that is claimed twice stays with the older StickyWorkload, which the condition of the newer one names', async () => {
    await apply(deployment(namespace, 'twice'));
    await apply(stickyWorkload(namespace, 'twice'));
    await untilReason(namespace, 'twice', 'Accepted', 'Accepted');
    // Creation timestamps have whole seconds; within a second the name decides, and "twice" comes before "two".
    await apply({ ...stickyWorkload(namespace, 'two'), spec: { targetRef: { kind: 'Deployment', name: 'twice' } } });
    const condition = await untilReason(namespace, 'two', 'Accepted', 'TargetConflict');
    expect(condition.message).toContain('StickyWorkload twice is older');
    expect(await getObject('service', 'two', namespace)).toBeUndefined();
    await until('an event that says so', async () =>
      (await eventsAbout(namespace, 'two')).some((event) => event.startsWith('TargetConflict: ')),
    );
  });

  test('a Service of the same name of another owner is not changed, and is named in the condition', async () => {
    const foreign = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { namespace, name: 'taken' },
      spec: { selector: { app: 'theirs' }, ports: [{ port: 1 }] },
    };
    await apply(foreign);
    await apply(deployment(namespace, 'taken'));
    await apply(stickyWorkload(namespace, 'taken'));
    const condition = await untilReason(namespace, 'taken', 'Programmed', 'ServiceConflict');
    expect(condition.message).toContain(
      'Service refusals/taken exists and is not managed by Holdfast; it was left unchanged',
    );
    expect((await untilThere('service', 'taken', namespace)).spec).toMatchObject({ selector: { app: 'theirs' } });
    await kubectl('delete', 'service', 'taken', '-n', namespace);
    await until('our Service in its place', async () => {
      const selector = (await getObject('service', 'taken', namespace))?.spec?.['selector'] as
        | Record<string, string>
        | undefined;
      return selector?.['app'] === 'taken';
    });
  });

  test('the condition names all container ports if there are several and no targetPort', async () => {
    await apply(
      deployment(namespace, 'ports', [
        { name: 'web', containerPort: 1 },
        { name: 'admin', containerPort: 2 },
      ]),
    );
    await apply(stickyWorkload(namespace, 'ports'));
    const condition = await untilReason(namespace, 'ports', 'Accepted', 'TargetPortAmbiguous');
    expect(condition.message).toContain('web (1), admin (2): set spec.service.targetPort');
  });

  test('an unimplemented field is refused by name, and objects that were provisioned before remain', async () => {
    await apply(deployment(namespace, 'early'));
    await apply(stickyWorkload(namespace, 'early'));
    const before = await untilThere('service', 'early', namespace);
    await apply(stickyWorkload(namespace, 'early', { scaleDown: { strategy: 'DrainFirst' } }));
    const condition = await untilReason(namespace, 'early', 'Accepted', 'UnsupportedField');
    expect(condition.message).toContain(
      'spec.scaleDown.strategy DrainFirst is not supported by this version: use TerminateAndHold',
    );
    expect((await getObject('service', 'early', namespace))?.metadata.uid).toBe(before.metadata.uid);
    expect(operator().translations.table(`${namespace}/holdfast`)?.table.backends).toHaveProperty([
      `${namespace}/early`,
    ]);
  });
});
