/** The operator's settings for sidecars, from its environment. A StickyWorkload can set its own resources and port. */
import type { SidecarResources } from '../../core/inject/pod.ts';
import { ports } from '../../core/names/names.ts';
import { checkedJson, object, optional, pattern, type Check } from '../../wire/check.ts';
import { optionalText, portNumber, type Environment } from '../../platform/config.ts';
import { AppError } from '../../platform/errors.ts';

export type SidecarSettings = {
  /** Absent: the image of the operator. */
  image?: string;
  imagePullSecrets: readonly string[];
  resources?: SidecarResources;
  /** Used unless a container of the pod declares it. */
  preferredPort: number;
};

type Quantities = NonNullable<SidecarResources['limits']>;

const quantity = pattern(/^[0-9]+(\.[0-9]+)?(m|k|Ki|M|Mi|G|Gi)?$/, 'a quantity such as "100m" or "128Mi"');
const quantities = object<Quantities>({
  cpu: optional(quantity),
  memory: optional(quantity),
  'ephemeral-storage': optional(quantity),
});
const resources: Check<SidecarResources> = object<SidecarResources>({
  requests: optional(quantities),
  limits: optional(quantities),
});

export function readSidecarSettings(env: Environment): SidecarSettings {
  const image = optionalText(env, 'HOLDFAST_SIDECAR_IMAGE');
  const asked = readResources(env);
  return {
    ...(image !== undefined && { image }),
    imagePullSecrets: (optionalText(env, 'HOLDFAST_IMAGE_PULL_SECRETS') ?? '').split(',').filter((name) => name !== ''),
    ...(asked && { resources: asked }),
    preferredPort: portNumber(env, 'HOLDFAST_SIDECAR_PORT', ports.sidecar) || ports.sidecar,
  };
}

function readResources(env: Environment): SidecarResources | undefined {
  const text = optionalText(env, 'HOLDFAST_SIDECAR_RESOURCES');
  if (text === undefined) return undefined;
  const checked = checkedJson(resources, text, 'HOLDFAST_SIDECAR_RESOURCES');
  if ('value' in checked) return checked.value;
  throw new AppError('CONFIG_INVALID', checked.problem, { source: 'internal', retryable: false });
}
