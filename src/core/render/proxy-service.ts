/** The Service of a Gateway's proxies. */
import type { HoldfastProxySpec } from '../../api/holdfastproxy.ts';
import { bindPort } from '../names/bind-ports.ts';
import type { Service } from '../snapshot/snapshot.ts';
import type { OwnedObject } from './owned-object.ts';

/** `protocol`: that of its listeners, which all have the same one. */
export type ProxyPort = { port: number; protocol: string };

export type ServiceInput = {
  ports: readonly ProxyPort[];
  selector: Record<string, string>;
  settings: HoldfastProxySpec['service'];
  /** The addresses that the Gateway asks for. */
  ips: readonly string[];
  existing: Pick<Service, 'clusterIps'> | undefined;
};

export function renderService(metadata: OwnedObject['metadata'], input: ServiceInput): OwnedObject {
  const { settings, selector, ports } = input;
  const { type, annotations, nodePorts = [], ...rest } = settings;
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { ...metadata, ...mergeAnnotations(metadata.annotations, annotations) },
    spec: { type, ...rest, ...addressOf(input), selector, ports: renderPorts(ports, nodePorts) },
  };
}

/** The annotations of the HoldfastProxy are about the Service, those of the Gateway about all objects. */
function mergeAnnotations(
  common: Record<string, string> | undefined,
  own: Record<string, string> | undefined,
): { annotations?: Record<string, string> } {
  return common || own ? { annotations: { ...common, ...own } } : {};
}

/** A cluster IP is fixed when the Service is created: for one that exists, a refused change would also refuse all others. */
function addressOf({ ips, settings, existing }: ServiceInput): object {
  const [first] = ips;
  if (first === undefined) return {};
  if (settings.type === 'LoadBalancer') return { loadBalancerIP: first };
  const isPossible = existing === undefined || ips.every((ip, index) => existing.clusterIps[index] === ip);
  return isPossible ? { clusterIP: first, clusterIPs: ips } : {};
}

function renderPorts(ports: readonly ProxyPort[], fixed: { port: number; nodePort: number }[]): object[] {
  const protocols = new Map(ports.map(({ port, protocol }) => [port, protocol.toLowerCase()]));
  const inOrder = [...protocols].toSorted(([one], [other]) => one - other);
  return inOrder.map(([port, appProtocol]) => {
    const nodePort = fixed.find((one) => one.port === port)?.nodePort;
    return {
      name: portName(port),
      protocol: 'TCP',
      port,
      targetPort: bindPort(port),
      appProtocol,
      ...(nodePort !== undefined && { nodePort }),
    };
  });
}

// Not by the protocol: while the name changes, kube-proxy knows no endpoint of the new one and refuses connections. Several listeners may share a port,
// so it does not have the name of one of them.
const portName = (port: number): string => defaultNames[port] ?? `port-${port}`;
const defaultNames: Record<number, string> = { 80: 'http', 443: 'https' };
