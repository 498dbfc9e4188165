/** What no schema can say: parts of a table file that do not fit together, or name what does not exist. */
import type { TableFile } from '../../api/table-file.ts';
import { parseCidr } from '../../platform/cidr.ts';
import { shareHost } from '../routing/hostnames.ts';
import { findRegexDefects } from '../routing/regex.ts';
import type { Problem } from './apply-schema.ts';
import { aboutRegex, findEndpointProblems } from './find-endpoint-problems.ts';
import { listenerName, persistenceOf } from './expand-table.ts';

export const findConflicts = (table: TableFile): Problem[] => [
  ...findListenerConflicts(table),
  ...table.routes.flatMap((_, at) => findRouteProblems(table, at)),
  ...findCookieConflicts(table),
  ...findEndpointProblems(table),
  ...findCidrProblems(table),
];

function findListenerConflicts({ listeners }: TableFile): Problem[] {
  return listeners.flatMap((listener, at) => {
    const path = ['listeners', at];
    const earlier = listeners.slice(0, at);
    const name = listenerName(listener);
    const { port, protocol, hostname } = listener;
    if (earlier.some((other) => other.port === port && other.protocol !== protocol)) {
      return [{ path: [...path, 'port'], message: `port ${port} is HTTP and HTTPS: use two ports` }];
    }
    if (earlier.some((other) => other.port === port && other.hostname === hostname)) {
      return [
        { path: [...path, 'port'], message: `two listeners have port ${port} and the same hostname: remove one` },
      ];
    }
    if (!earlier.some((other) => listenerName(other) === name)) return [];
    return [{ path: [...path, 'name'], message: `two listeners have the name ${name}: give this one another name` }];
  });
}

function findRouteProblems(table: TableFile, at: number): Problem[] {
  const { listeners = [], backends = [], matches = [] } = table.routes[at] ?? {};
  const routed = table.listeners.filter(({ httpsRedirectPort }) => httpsRedirectPort === undefined);
  const names = routed.map(listenerName);
  return [
    ...listeners.flatMap((name, index) =>
      names.includes(name)
        ? []
        : { path: ['routes', at, 'listeners', index], message: isNone('listener', name, names) },
    ),
    ...backends.flatMap(({ name }, index) => {
      const message = findReferenceProblem(name, { index, refs: backends, known: table.backends });
      return message === undefined ? [] : { path: ['routes', at, 'backends', index, 'name'], message };
    }),
    ...matches.flatMap((match, index) => findRegexDefects(match, `routes[${at}].matches[${index}]`)).map(aboutRegex),
  ];
}

const isNone = (what: string, found: string, known: readonly string[]): string =>
  `${JSON.stringify(found)} is no ${what} of this file: use one of ${known.join(', ')}`;

type Reference = { index: number; refs: readonly { name: string }[]; known: TableFile['backends'] };

function findReferenceProblem(name: string, { index, refs, known }: Reference): string | undefined {
  if (!Object.hasOwn(known, name)) return isNone('backend', name, Object.keys(known));
  if (refs.findIndex((other) => other.name === name) < index) {
    return `${name} is listed twice: add the weights, and remove one`;
  }
  const [first = { name }] = refs;
  if (!Object.hasOwn(known, first.name) || sessionsOf(name, known) === sessionsOf(first.name, known)) return undefined;
  return `a session of a route may be on any of its backends, and ${first.name} and ${name} keep it differently: give both the same sessionPersistence, with a cookie.name`;
}

const sessionsOf = (name: string, backends: TableFile['backends']): string =>
  JSON.stringify(persistenceOf(name, backends) ?? 'None');

/** A browser has one cookie by a name for a host and path: two sessions in it would end each other. */
function findCookieConflicts({ routes, backends }: TableFile): Problem[] {
  const placed = routes.map(({ hostnames = [], backends: refs }) => {
    const [first] = refs;
    const carrier = first && persistenceOf(first.name, backends)?.carrier;
    const cookie = carrier?.type === 'Cookie' ? `${carrier.name} ${carrier.path}` : undefined;
    return {
      hostnames,
      first,
      cookie,
      leadsTo: refs
        .map(({ name }) => name)
        .toSorted()
        .join(),
    };
  });
  return placed.flatMap(({ hostnames, first, cookie, leadsTo }, at) => {
    const earlier = placed
      .slice(0, at)
      .findIndex((one) => one.cookie === cookie && one.leadsTo !== leadsTo && shareHost(one.hostnames, hostnames));
    if (cookie === undefined || first === undefined || earlier < 0) return [];
    const message = `routes[${earlier}] has the same cookie for other backends on the same host: give the backends different names in sessionPersistence.cookie.name`;
    return [{ path: ['routes', at, 'backends', 0, 'name'], message }];
  });
}

const findCidrProblems = ({ clientAddress }: TableFile): Problem[] =>
  clientAddress.trustedProxies.flatMap((cidr, at) =>
    parseCidr(cidr)
      ? []
      : {
          path: ['clientAddress', 'trustedProxies', at],
          message: `${JSON.stringify(cidr)} is not a valid CIDR: use an address and a prefix length, such as 10.0.0.0/8`,
        },
  );
