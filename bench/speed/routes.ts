/**
 * Routes of plain Services beside HAProxy doing the same: without filters, with header filters, and with a connection for each request. A
 * route without filters must not pay for those of others.
 */
import type { HttpRouteFilter } from '../../src/core/snapshot/http-route.ts';
import { startProxyWith, type Place } from '../holdfast/proxy.ts';
import { plainRouteTable } from '../holdfast/table.ts';
import { findProgram } from '../measure/program.ts';
import type { Section, Table } from '../report/section.ts';
import { ask } from './ask.ts';
import { workloadTable } from './figures.ts';
import { wrkLoad } from './load/wrk.ts';
import { renderPlainHaproxy, type HeaderRules } from './peers/haproxy.ts';
import type { RunningPeer, Stage } from './peers/peer.ts';
import { startHaproxy } from './peers/peers.ts';
import { randomFrom } from './random.ts';
import { measureRounds, type Contender } from './rounds.ts';
import type { SpeedOptions } from './speed.ts';
import { loadCore, proxyCore, startApp } from './stage.ts';
import type { Workload } from './workloads.ts';

type Scenario = { name: string; rules?: HeaderRules; closes?: true };
type Starts = Readonly<Record<'HAProxy' | 'Holdfast', (stage: Stage) => Promise<RunningPeer>>>;

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

const connections = 64;

export async function measureRoutes(place: Place, options: SpeedOptions): Promise<Section> {
  const haproxy = findProgram('haproxy');
  if (haproxy === undefined || ['wrk', 'taskset'].some((program) => findProgram(program) === undefined)) {
    return {
      tables: [],
      skipped: ['routes, which need wrk, HAProxy and taskset: `apt-get install wrk haproxy util-linux`.'],
    };
  }
  const { app, upstreamPorts } = await startApp('http');
  const tables: Table[] = [];
  for (const scenario of scenarios) {
    tables.push(
      await measureScenario(scenario, startsOf(scenario, haproxy, place), { ...place, ...options, upstreamPorts }),
    );
  }
  await app.stop();
  return { tables };
}

async function measureScenario(
  scenario: Scenario,
  starts: Starts,
  run: Place & SpeedOptions & { upstreamPorts: readonly number[] },
): Promise<Table> {
  const workload = workloadOf(scenario);
  const running = new Map<string, RunningPeer>();
  for (const [name, start] of Object.entries(starts)) {
    running.set(name, await start({ protocol: 'http', upstreamPorts: run.upstreamPorts, core: proxyCore }));
  }
  for (const { port } of running.values()) await checkHeaders(port, scenario);
  const contenders = [...running].map(([name, { program, port }]): Contender => {
    const target = {
      port,
      cookies: Array.from({ length: connections }, () => undefined),
      folder: run.folder,
      core: loadCore,
    };
    return { name, pid: program.pid, target, rounds: run.rounds };
  });
  const measured = await measureRounds(contenders, workload.load, {
    ...run,
    title: workload.title,
    warmUpSeconds: 1,
    random: randomFrom(run.seed),
  });
  for (const problem of measured.failed.values()) throw new Error(problem);
  await Promise.all([...running.values()].map(({ program }) => program.stop()));
  return workloadTable({ ...measured, workload });
}

const workloadOf = ({ name, closes }: Scenario): Pick<Workload, 'title' | 'unit' | 'load'> => ({
  title: `a plain Service, ${name}; ${connections} connections`,
  unit: 'request',
  load: wrkLoad({
    scheme: 'http',
    connections,
    path: '/64',
    headers: ['X-Debug: 1', ...(closes ? ['Connection: close'] : [])],
  }),
});

/** Verifies that the proxy does what the requests are measured for. */
async function checkHeaders(port: number, { rules: changes }: Scenario): Promise<void> {
  const { status, headers } = await ask('http', port, { path: '/64' });
  if (status !== 200) throw new Error(`a request received status ${status}`);
  for (const [name, value] of Object.entries(changes?.response.set ?? {})) {
    if (headers[name.toLowerCase()] !== value) throw new Error(`a response has no ${name}: ${value}`);
  }
}

const startsOf = ({ rules: changes }: Scenario, haproxy: string, place: Place): Starts => ({
  HAProxy: startHaproxy(haproxy, place.folder, (port, { upstreamPorts }) =>
    renderPlainHaproxy({ port, upstreamPorts, ...(changes && { rules: changes }) }),
  ),
  Holdfast: async ({ upstreamPorts, core }) => {
    const proxy = await startProxyWith(place, (port) => plainRouteTable(port, upstreamPorts, filtersOf(changes)), {
      core,
    });
    return { program: proxy, port: proxy.port };
  },
});

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
