/** Reads an XBackend, and finds what the proxy cannot do: any entry in `problems` refuses it, which must not be served without that. */
import type { XBackend, XBackendSpec } from '../snapshot/x-backend.ts';
import type { BackendProtocol } from '../../wire/routing-table.ts';
import type { PersistenceIR, RouteProblem } from './ir.ts';
import { readPersistence } from './read-persistence.ts';
import { unknownIn } from './unknown-fields.ts';

export const xBackendGroup = 'gateway.networking.x-k8s.io';

export type XBackendProblem = { reason: 'UnsupportedValue' | 'UnsupportedProtocol'; message: string };

/** `key`: among those of Services. `port`: of the pods. */
export type XBackendIR = {
  key: string;
  selector: Readonly<Record<string, string>>;
  port: number;
  /** Absent: what the route says, or HTTP/1.1. */
  protocol?: BackendProtocol;
  persistence?: PersistenceIR;
  problems: XBackendProblem[];
};

const known = new WeakMap<XBackend, XBackendIR>();

/** Objects of the cache are never modified, so an XBackend is read once for as long as the object is the same. */
export function readXBackend(object: XBackend): XBackendIR {
  const before = known.get(object) ?? read(object);
  known.set(object, before);
  return before;
}

function read({ namespace, name, spec }: XBackend): XBackendIR {
  const problems: RouteProblem[] = [];
  const persistence =
    spec.sessionPersistence && readPersistence(spec.sessionPersistence, { at: 'spec.sessionPersistence', problems });
  const protocol = protocols.get(spec.protocol ?? 'HTTP');
  return {
    // The name of a Service has no capital letters.
    key: `${namespace}/XBackend.${name}`,
    selector: spec.endpointSelector?.matchLabels ?? {},
    port: spec.port?.number ?? 0,
    ...(protocol && { protocol }),
    ...(persistence && { persistence }),
    problems: [...findProblems(spec), ...problems.map(asUnsupported)],
  };
}

const asUnsupported = ({ message }: Pick<RouteProblem, 'message'>): XBackendProblem => ({
  reason: 'UnsupportedValue',
  message,
});

const fields = ['type', 'endpointSelector', 'port', 'protocol', 'tls', 'sessionPersistence'];

/** Another type has fields of its own, which say nothing more. */
function findProblems(spec: XBackendSpec): XBackendProblem[] {
  const { type = '', endpointSelector = {}, port = {} } = spec;
  if (type !== 'EndpointSelector') {
    return [asUnsupported({ message: `spec.type: ${type} is not supported: use EndpointSelector.` })];
  }
  const unknown = [
    ...unknownIn(spec, fields, 'spec'),
    ...unknownIn(endpointSelector, ['matchLabels'], 'spec.endpointSelector'),
    ...unknownIn(port, ['number'], 'spec.port'),
  ];
  return [...findMissing(spec), ...unknown.map(asUnsupported), ...findProtocolProblems(spec)];
}

/** The API requires both, but not in words that every version of it can check. */
function findMissing({ endpointSelector, port }: XBackendSpec): XBackendProblem[] {
  const hasLabels = Object.keys(endpointSelector?.matchLabels ?? {}).length > 0;
  const selector = 'spec.endpointSelector.matchLabels: without labels no pods are selected: add a label.';
  const number = 'spec.port.number is missing: set the port of the pods.';
  return [...(hasLabels ? [] : [selector]), ...(port?.number === undefined ? [number] : [])].map((message) =>
    asUnsupported({ message }),
  );
}

/** `HTTP` is of any version. */
const protocols: ReadonlyMap<string, BackendProtocol | undefined> = new Map([
  ['HTTP', undefined],
  ['HTTP11', 'HTTP1'],
  ['HTTP2', 'HTTP2'],
  ['H2C', 'HTTP2'],
  ['GRPC', 'HTTP2'],
]);

function findProtocolProblems({ protocol = 'HTTP', tls: { mode = 'None' } = {} }: XBackendSpec): XBackendProblem[] {
  const messages = [
    ...(protocols.has(protocol)
      ? []
      : [`spec.protocol: ${protocol} is not supported: use HTTP, HTTP11, HTTP2, H2C or GRPC.`]),
    ...(mode === 'None'
      ? []
      : [
          `spec.tls.mode: ${mode} is not supported: use None, or a Service with a BackendTLSPolicy in place of the XBackend.`,
        ]),
  ];
  return messages.map((message) => ({ reason: 'UnsupportedProtocol', message }));
}
