/** When the certificates of Gateways end, for metrics. */
import { clientCertificateOf, servedListeners, type GatewayPlan } from '../../core/resolve/gateway-plan.ts';
import type { Sample } from '../../platform/metrics.ts';

/** One sample for each certificate of a listener, and one without a listener for what proxies present to pods. */
export function certificateSamples(plans: Iterable<GatewayPlan>): Sample[] {
  return [...plans].flatMap((plan) => {
    const { namespace, name: gateway } = plan.gateway;
    const sample = (listener: string, secret: string, notAfterMs: number): Sample => ({
      labels: { namespace, gateway, listener, secret },
      value: notAfterMs / 1000,
    });
    const client = clientCertificateOf(plan);
    return [
      ...servedListeners(plan).flatMap(({ id, certificates }) =>
        certificates.map(({ name, notAfterMs }) => sample(id, name, notAfterMs)),
      ),
      ...(client ? [sample('', client.name, client.notAfterMs)] : []),
    ];
  });
}
