/** Brings the owned objects of a StickyWorkload and of its Gateway in place, and says how it went. */
import type { Accept } from '../../core/accept/accept.ts';
import { gatewayKey } from '../../core/accept/plan.ts';
import { findConflicts } from '../../core/render/conflicts.ts';
import { renderGateway, renderGatewayClass } from '../../core/render/gateway.ts';
import type { OwnedObject } from '../../core/render/owned-object.ts';
import type { ProxyParams } from '../../core/render/proxy-pod.ts';
import { renderWorkload } from '../../core/render/workload.ts';
import type { ApplyOutcome } from '../../core/status/input.ts';
import * as resources from '../../kube/resources.ts';
import type { Resource } from '../../kube/ports.ts';
import { AppError } from '../../platform/errors.ts';
import type { Translated } from '../feed/translation-feed.ts';
import type { OwnedObjects } from './owned-objects.ts';

const byKind: Record<string, Resource> = Object.fromEntries(
  [
    resources.services,
    resources.httpRoutes,
    resources.serviceAccounts,
    resources.deployments,
    resources.podDisruptionBudgets,
    resources.gateways,
    resources.gatewayClasses,
  ].map((resource) => [resource.kind, resource]),
);

/**
 * A conflict keeps nobody else's object from us and ours from nobody: all that can be applied is applied.
 * A refused StickyWorkload gets nothing new, and keeps what it has.
 */
export async function provision(accept: Accept, { snapshot, translation }: Translated, tools: { owned: OwnedObjects; proxy: ProxyParams }): Promise<ApplyOutcome> {
  if (accept.kind === 'refused') return { kind: 'applied' };
  const plan = translation.gateways[gatewayKey(accept.plan.gateway)];
  const objects = [
    ...renderWorkload(accept.plan, snapshot),
    ...renderGatewayClass(snapshot),
    ...(plan ? renderGateway(plan, { gatewayApi: snapshot.gatewayApi, proxy: tools.proxy }) : []),
  ];
  const conflicts = findConflicts(objects, snapshot);
  const standing = new Set(conflicts.map(({ object }) => identityOf(object)));
  const free = objects.filter(({ kind, metadata }) => !standing.has(identityOf({ kind, ...metadata })));
  const failed = await applyAll(free, tools.owned);
  if (failed) return { kind: 'failed', message: failed.message };
  const [conflict] = conflicts;
  return conflict ? { kind: 'conflict', reason: conflict.reason, message: conflict.message } : { kind: 'applied' };
}

const identityOf = ({ kind, namespace = '', name }: { kind: string; namespace?: string; name: string }): string => `${kind}/${namespace}/${name}`;

/** Answers the first refusal of the API server. What may succeed if tried again is thrown, so that the queue tries it again. */
async function applyAll(objects: OwnedObject[], owned: OwnedObjects): Promise<AppError | undefined> {
  let refused: AppError | undefined;
  for (const object of objects) {
    const resource = byKind[object.kind];
    if (!resource) throw new AppError('INTERNAL', `no resource for kind ${object.kind}`, { source: 'internal', retryable: false });
    try {
      await owned.ensure(resource, object);
    } catch (error) {
      if (!(error instanceof AppError) || error.retryable) throw error;
      refused ??= error;
    }
  }
  return refused;
}
