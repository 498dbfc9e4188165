/** Creates the GatewayClass, and writes the statuses of GatewayClasses. */
import { controllerName, gatewayClassName } from '../../core/names/names.ts';
import type { OwnedObject } from '../../core/render/owned-object.ts';
import { renderGatewayClass } from '../../core/render/gateway.ts';
import { resolveClassParameters } from '../../core/resolve/proxy-parameters.ts';
import { judgeFaultyObject } from '../../core/status/fault-status.ts';
import { judgeGatewayClass } from '../../core/status/gateway-class-status.ts';
import { gatewayClasses } from '../../kube/resources.ts';
import { AppError } from '../../platform/errors.ts';
import type { OwnedObjects } from '../apply/owned-objects.ts';
import { writeEach } from '../apply/write-each.ts';
import { findFault } from '../translation/find-fault.ts';
import type { GatewayTools } from './reconcile.ts';

/** Creates the GatewayClass before any Gateway uses it, and writes the status of every class that names Holdfast as its controller. */
export async function reconcileGatewayClasses({
  translations,
  caches,
  owned,
  statuses,
  nowMs,
}: GatewayTools): Promise<undefined> {
  const translated = translations.latest();
  if (!translated?.snapshot.gatewayApi.installed) return;
  const { snapshot, translation } = translated;
  const isForeign = snapshot.gatewayClasses.some(
    (one) => one.name === gatewayClassName && one.controllerName !== controllerName,
  );
  if (!isForeign && !(await ensureClass(renderGatewayClass(snapshot.operatorNamespace), owned))) return;
  const { gatewayApi } = snapshot;
  const classes = caches.list('gatewayClasses').filter((one) => one.gatewayClass.controllerName === controllerName);
  await writeEach(classes, (one) => {
    const parameters = resolveClassParameters(one.metadata.name, translation.parameters);
    const fault = findFault(translated, 'GatewayClass', `/${one.metadata.name}`);
    const status = fault
      ? judgeFaultyObject(fault.message, one.observed, nowMs())
      : judgeGatewayClass({ parameters, gatewayApi }, one.observed, nowMs());
    return statuses.writeOther(gatewayClasses, one, status);
  });
}

/** Returns false if the kind is gone: its definition was deleted, and the event of that is on its way. Apply creates what is missing. */
async function ensureClass(gatewayClass: OwnedObject, owned: Pick<OwnedObjects, 'ensure'>): Promise<boolean> {
  try {
    await owned.ensure(gatewayClasses, gatewayClass);
    return true;
  } catch (error) {
    if (error instanceof AppError && error.code === 'KUBERNETES_NOT_FOUND') return false;
    throw error;
  }
}
