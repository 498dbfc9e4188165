/** The schema of `HoldfastProxy.spec.service`: how clients reach the proxies. */
import { cidr } from './grammar.ts';
import { textMap, type Schema } from './schema.ts';

const port = (description: string) =>
  ({ type: 'integer', format: 'int32', minimum: 1, maximum: 65535, description }) as const;

const nodePorts = {
  type: 'array',
  maxItems: 64,
  description: 'Fixed ports of the nodes for ports of listeners. Kubernetes chooses those of the other listeners.',
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': ['port'],
  items: {
    type: 'object',
    required: ['port', 'nodePort'],
    properties: {
      port: port('Port of a listener.'),
      nodePort: port('Port of every node, by default from 30000 to 32767.'),
    },
  },
} as const satisfies Schema;

const needsType = (field: string, condition: string, types: string) =>
  ({
    rule: `!has(self.${field}) || ${condition}`,
    message: `${field} needs type ${types}: set type, or remove ${field}`,
    fieldPath: `.${field}`,
  }) as const;

export const proxyService = {
  type: 'object',
  description: 'The Service of the proxies.',
  default: {},
  properties: {
    type: {
      type: 'string',
      enum: ['ClusterIP', 'NodePort', 'LoadBalancer'],
      default: 'ClusterIP',
      description:
        'ClusterIP: for an ingress or a load balancer that reaches pods or the cluster network. NodePort: also a port of every node. LoadBalancer: also a load balancer of the cloud provider. The addresses are in the status of the Gateway.',
    },
    annotations: textMap('Annotations of the Service, which many load balancers are configured by.', 4096),
    externalTrafficPolicy: {
      type: 'string',
      enum: ['Cluster', 'Local'],
      description:
        "Local keeps the client's address; nodes without a proxy then get no traffic. Unset: Cluster, where the proxy sees the address of a node.",
    },
    loadBalancerClass: {
      type: 'string',
      minLength: 1,
      maxLength: 316,
      description:
        'The implementation of the load balancer, such as service.k8s.aws/nlb. Kubernetes does not allow a change while the Service is of type LoadBalancer.',
    },
    loadBalancerSourceRanges: {
      type: 'array',
      maxItems: 64,
      description: 'CIDRs of the clients that the load balancer admits, where it supports that. Unset: all.',
      items: cidr,
    },
    nodePorts,
    ipFamilyPolicy: {
      type: 'string',
      enum: ['SingleStack', 'PreferDualStack', 'RequireDualStack'],
      description:
        'Whether the Service has an IPv4 and an IPv6 address. Unset: one, of the default family of the cluster.',
    },
  },
  'x-kubernetes-validations': [
    needsType('externalTrafficPolicy', "self.type != 'ClusterIP'", 'NodePort or LoadBalancer'),
    needsType('nodePorts', "self.type != 'ClusterIP'", 'NodePort or LoadBalancer'),
    needsType('loadBalancerClass', "self.type == 'LoadBalancer'", 'LoadBalancer'),
    needsType('loadBalancerSourceRanges', "self.type == 'LoadBalancer'", 'LoadBalancer'),
  ],
} as const satisfies Schema;
