/** What is wrong with the servers of a table file, and with how their sessions are kept. */
import type { TableBackend, TableFile } from '../../api/table-file.ts';
import { parseAddress } from '../../platform/cidr.ts';
import { findRegexDefectsIn, type RegexDefect } from '../routing/regex.ts';
import type { Path, Problem } from './apply-schema.ts';
import { splitAddress, uidOf, type TableEndpoint } from './expand-table.ts';

export const findEndpointProblems = ({ backends }: TableFile): Problem[] =>
  Object.entries(backends).flatMap(([name, backend]) => [
    ...findNameProblem(name),
    ...findUnusedFields(name, backend),
    ...findListed(name, backend),
    ...(['newSessionOn', 'exclude'] as const).flatMap((list) =>
      findRegexDefectsIn(backend.sessionPersistence[list] ?? [], `backends.${name}.sessionPersistence.${list}`).map(
        aboutRegex,
      ),
    ),
  ]);

export const aboutRegex = ({ path, source, reason }: RegexDefect): Problem => ({
  path: path.split(/[.[\]]+/).map((step) => (/^\d+$/.test(step) ? Number(step) : step)),
  message: `${JSON.stringify(source)} is not a supported regular expression: ${reason}. Use the syntax of RE2, which has no backreferences and no lookaround`,
});

function findNameProblem(name: string): Problem[] {
  const message = 'must be a name of lower-case letters, digits and "-", of at most 63 characters';
  return /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name) ? [] : [{ path: ['backends', name], of: 'Name', message }];
}

/** Fields that say how sessions are kept, where none are. */
function findUnusedFields(name: string, { sessionPersistence }: TableBackend): Problem[] {
  if (sessionPersistence.type !== 'None') return [];
  const fields = [
    'cookie',
    'header',
    'application',
    'absoluteTimeout',
    'confirmTimeout',
    'newSessionOn',
    'exclude',
  ] as const;
  return fields
    .filter((field) => sessionPersistence[field] !== undefined)
    .map((field) => ({
      path: ['backends', name, 'sessionPersistence', field],
      of: 'Name',
      message: 'has no effect with type None: remove it, or set another type',
    }));
}

function findListed(name: string, { endpoints }: TableBackend): Problem[] {
  const listed = new Set<string>();
  return endpoints.flatMap((endpoint, at) => {
    const path = ['backends', name, 'endpoints', at];
    const uid = uidOf(name, endpoint);
    const isTwice = listed.has(uid);
    listed.add(uid);
    const twice = `is listed twice in backend ${name}: remove one`;
    return [
      ...(isTwice ? [{ path: [...path, endpoint.name === undefined ? 'address' : 'name'], message: twice }] : []),
      ...findValueProblems(endpoint, path),
    ];
  });
}

function findValueProblems({ address, drainUntil }: TableEndpoint, path: Path): Problem[] {
  const { host, port } = splitAddress(address);
  const problems: Problem[] = [];
  if (parseAddress(host) === undefined || port < 1 || port > 65_535) {
    const message = `${JSON.stringify(address)} is not an IP address and a port from 1 to 65535: use one, such as 10.0.0.11:8080`;
    problems.push({ path: [...path, 'address'], message });
  }
  if (drainUntil !== undefined && Number.isNaN(Date.parse(drainUntil))) {
    problems.push({
      path: [...path, 'drainUntil'],
      message: `${JSON.stringify(drainUntil)} is not a date that exists`,
    });
  }
  return problems;
}
