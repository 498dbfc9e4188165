/** The types that are inferred from the schemas. A wrong type is an error of `npm run typecheck`: `true` is then not assignable. */
import { expect, test } from '@jest/globals';
import type { StickyWorkloadSpec as Spec } from '../../../src/api/spec.ts';
import type { Condition, StickyWorkloadStatus as Status } from '../../../src/api/status.ts';

type IsAny<T> = 0 extends 1 & T ? true : false;
/** Each is assignable to the other, and neither is `any`, to which everything is assignable. */
type Same<A, B> = [A, B, IsAny<A>] extends [B, A, IsAny<B>] ? true : false;
type OptionalKeys<T> = { [K in keyof T]-?: object extends Pick<T, K> ? K : never }[keyof T];

const onlyTrue = (verdicts: Record<string, true>) => Object.values(verdicts).every(Boolean);

test('a field is optional when it is neither required nor has a default', () => {
  const verdicts: {
    spec: Same<OptionalKeys<Spec>, 'replicas' | 'sidecar'>;
    service: Same<OptionalKeys<Spec['service']>, 'targetPort'>;
    route: Same<OptionalKeys<Spec['route']>, 'parentRefs' | 'hostnames' | 'backends'>;
    sessions: Same<
      OptionalKeys<Spec['sessionPersistence']>,
      | 'cookie'
      | 'header'
      | 'application'
      | 'absoluteTimeout'
      | 'confirmTimeout'
      | 'endpointIdentity'
      | 'newSessionOn'
      | 'exclude'
    >;
    drain: Same<OptionalKeys<Spec['drain']>, 'application' | 'connections'>;
    condition: Same<OptionalKeys<Condition>, 'observedGeneration'>;
    status: Same<OptionalKeys<Status>, keyof Status>;
  } = { spec: true, service: true, route: true, sessions: true, drain: true, condition: true, status: true };
  expect(onlyTrue(verdicts)).toBe(true);
});

test('values have the narrowest type that the schema allows', () => {
  const verdicts: {
    target: Same<Spec['targetRef'], { apiVersion: 'apps/v1'; kind: 'Deployment' | 'StatefulSet'; name: string }>;
    optionalNumber: Same<Spec['replicas'], number | undefined>;
    port: Same<Spec['service']['targetPort'], string | number | undefined>;
    listOfEnum: Same<Spec['drain']['sessionSources'], ('Proxy' | 'Connections' | 'Application')[]>;
    intOrString: Same<Spec['scaleDown']['maxDraining'], string | number>;
    boolean: Same<NonNullable<Spec['sessionPersistence']['cookie']>['partitioned'], boolean>;
    path: Same<
      Spec['route']['matches'][number]['path'],
      { type: 'Exact' | 'PathPrefix' | 'RegularExpression'; value: string }
    >;
    condition: Same<Condition['status'], 'True' | 'False' | 'Unknown'>;
  } = {
    target: true,
    optionalNumber: true,
    port: true,
    listOfEnum: true,
    intOrString: true,
    boolean: true,
    path: true,
    condition: true,
  };
  expect(onlyTrue(verdicts)).toBe(true);
});
