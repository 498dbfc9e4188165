/** Reads what the rules of HTTPRoutes and of GRPCRoutes have in common. */
import { describeRegexDefect, findRegexDefects } from '../routing/regex.ts';
import { endpointId } from '../session/token.ts';
import type { HttpBackendRef, HttpRouteRule, MatchedValue } from '../snapshot/http-route.ts';
import type { RequestMatch } from '../../wire/routing-table.ts';
import type { BackendRefIR, RouteProblem, RuleIR } from './ir.ts';
import { checkTogether, readFilters, type FilterReading } from './read-filters.ts';
import { readPersistence } from './read-persistence.ts';
import { readTarget } from './read-references.ts';

/** `at`: path of what is read. `problems`: collects what is not supported. */
export type Reading = { at: string; namespace: string; problems: RouteProblem[] };

type Rule = Pick<HttpRouteRule, 'name' | 'filters' | 'backendRefs' | 'sessionPersistence'>;

export function readRule(rule: Rule, matches: RequestMatch[], reading: Reading): RuleIR {
  const { at, namespace, problems } = reading;
  const defects = matches.flatMap((match, number) => findRegexDefects(match, `${at}.matches[${number}]`));
  for (const defect of defects) {
    problems.push({ path: defect.path, reason: 'UnsupportedValue', message: describeRegexDefect(defect) });
  }
  const filterReading: FilterReading = { at: `${at}.filters`, of: 'rule', matches, namespace, problems };
  const filters = readFilters(rule.filters ?? [], filterReading);
  checkTogether(filters, filterReading);
  return {
    id: rule.name ?? endpointId(JSON.stringify(matches)).slice(0, 8),
    matches,
    filters,
    ...(rule.sessionPersistence && {
      persistence: readPersistence(rule.sessionPersistence, { at: `${at}.sessionPersistence`, problems }),
    }),
    backendRefs: (rule.backendRefs ?? []).map((ref, number) =>
      readBackendRef(ref, matches, { ...reading, at: `${at}.backendRefs[${number}]` }),
    ),
  };
}

export const readValueMatch = ({
  type = 'Exact',
  name,
  value,
}: MatchedValue): NonNullable<RequestMatch['headers']>[number] => ({ type, name, value });

const readBackendRef = (ref: HttpBackendRef, matches: RequestMatch[], reading: Reading): BackendRefIR => ({
  target: readTarget(ref, reading),
  weight: ref.weight ?? 1,
  filters: readFilters(ref.filters ?? [], {
    at: `${reading.at}.filters`,
    of: 'backendRef',
    matches,
    namespace: reading.namespace,
    problems: reading.problems,
  }),
});
