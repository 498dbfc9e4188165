/**
 * Routes of plain Services beside HAProxy doing the same: without filters, with header filters, and with a connection for each request. A
 * route without filters must not pay for those of others.
 */
import { availableParallelism } from 'node:os';
import type { HttpRouteFilter } from '../../src/core/snapshot/http-route.ts';
import { startProxyWith, type Place } from '../holdfast/proxy.ts';
import { plainRouteTable } from '../holdfast/table.ts';
import { findProgram } from '../measure/program.ts';
import type { Section, Table } from '../report/section.ts';
import { renderPlainHaproxy, type HeaderRules } from './haproxy.ts';
import { plainHaproxyPeer, type Peer } from './peers.ts';
import { shapes, type Shape } from './requests.ts';
import { measureShape, renderTable, type Samples, type SpeedOptions } from './speed.ts';

type Scenario = { name: string; rules?: HeaderRules; closes?: true };

/** As a team writes them: a tenant for the app, a header of the client that it must not have, and one for caches. */
const rules: HeaderRules = {
  request: { set: { 'X-Tenant': 'shop' }, add: { 'X-Edge': 'eu-1' }, remove: ['X-Debug'] },
  response: { set: { 'X-Served-By': 'shop' }, add: { Vary: 'Accept-Encoding' }, remove: ['X-Powered-By'] },
};

const scenarios: readonly Scenario[] = [
  { name: 'without filters' },
  { name: 'with filters that change six headers', rules },
  { name: 'without filters, a connection for each request', closes: true },
];

export async function measureRoutes(place: Place, options: SpeedOptions): Promise<Section> {
  const [wrk, haproxy] = [findProgram('wrk'), findProgram('haproxy')];
  if (wrk === undefined || haproxy === undefined || availableParallelism() < 2) {
    return {
      tables: [],
      skipped: ['routes, which need wrk, HAProxy and two cores: `apt-get install wrk haproxy`.'],
    };
  }
  const [small] = shapes;
  if (small === undefined) throw new Error('no shape');
  const tables: Table[] = [];
  for (const scenario of scenarios) {
    const shape = shapeOf(small, scenario);
    const samples: Samples = await measureShape(shape, peersOf(scenario, haproxy, place), {
      ...place,
      ...options,
      wrk,
    });
    tables.push(renderTable(`a plain Service, ${scenario.name}; 64 connections, one core for the proxy`, samples));
  }
  return { tables };
}

const shapeOf = (small: Shape, { name, closes, rules: changes }: Scenario): Shape => ({
  ...small,
  name: `plain Service, ${name}`,
  headers: [...small.headers, 'X-Debug: 1', ...(closes ? ['Connection: close'] : [])],
  ...(changes && { expected: changes.response.set }),
});

const peersOf = ({ rules: changes }: Scenario, haproxy: string, place: Place): Peer[] => [
  plainHaproxyPeer(haproxy, place.folder, (port, upstreamPorts) =>
    renderPlainHaproxy({ port, upstreamPorts, ...(changes && { rules: changes }) }),
  ),
  {
    name: 'Holdfast',
    sessions: 'none',
    start: async (upstreamPorts, core) => {
      const proxy = await startProxyWith(
        place,
        (port) => plainRouteTable(port, upstreamPorts, filtersOf(changes)),
        core,
      );
      return { program: proxy, port: proxy.port };
    },
  },
];

/** As the filters of an HTTPRoute. */
function filtersOf(changes: HeaderRules | undefined): HttpRouteFilter[] {
  if (changes === undefined) return [];
  const modifier = ({ set, add, remove }: HeaderRules['request']) => ({
    set: pairs(set),
    add: pairs(add),
    remove: [...remove],
  });
  return [
    { type: 'RequestHeaderModifier', requestHeaderModifier: modifier(changes.request) },
    { type: 'ResponseHeaderModifier', responseHeaderModifier: modifier(changes.response) },
  ];
}

const pairs = (of: Readonly<Record<string, string>>) => Object.entries(of).map(([name, value]) => ({ name, value }));
