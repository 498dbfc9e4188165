/** Decides whether what was read can be served, and the routing table that it comes to. */
import { loadCertificate } from '../../core/listener/certificate.ts';
import { describeRegexDefect, findRegexDefects, findRegexDefectsIn } from '../../core/routing/regex.ts';
import type { Path, Problem } from '../../core/table-file/apply-schema.ts';
import { expandTable, type ExpandedTable } from '../../core/table-file/expand-table.ts';
import { readKeys } from '../../core/table-file/keys.ts';
import { parseRoutingTable } from '../../wire/parse-table.ts';
import type { KeyRing, RoutingTable } from '../../wire/routing-table.ts';
import { invalidTable, type GatheredTable } from './table-reader.ts';

/** A valid table: what it is at a time, as draining servers have an end. */
export type ServedTable = (nowMs: number) => ExpandedTable;

type Parsed = Extract<GatheredTable, { kind: 'parsed' }>;

/** Throws an error that names every problem. */
export function judgeTable(gathered: GatheredTable): ServedTable {
  if (gathered.kind === 'wire') {
    const table = parseWireTable(gathered.value);
    return () => ({ table, changesAtMs: Number.POSITIVE_INFINITY });
  }
  const { parsed, keys: keyFile } = gathered;
  const keys = 'error' in keyFile ? { problem: `cannot be read: ${keyFile.error}` } : readKeys(keyFile.text);
  const problems: Problem[] = [
    ...('problem' in keys ? [{ path: ['keyFile'], message: `${parsed.table.keyFile} ${keys.problem}` }] : []),
    ...findCertificateProblems(gathered),
  ];
  if ('problem' in keys || problems.length > 0) throw invalidTable(problems.map(parsed.place).join('\n'));
  return serve(gathered, keys.keys);
}

function serve({ parsed, files }: Parsed, keys: KeyRing): ServedTable {
  const texts = new Map([...files].flatMap(([name, file]) => ('text' in file ? [[name, file.text] as const] : [])));
  return (nowMs) => expandTable({ table: parsed.table, keys, files: texts }, nowMs);
}

function findCertificateProblems({ parsed, files }: Parsed): Problem[] {
  return parsed.table.listeners.flatMap(({ certificates = [] }, listener) =>
    certificates.flatMap(({ certificate, key }, at): Problem[] => {
      const path: Path = ['listeners', listener, 'certificates', at];
      const [chainFile, secretFile] = [files.get(certificate), files.get(key)];
      if (chainFile === undefined || 'error' in chainFile) return [unreadable([...path, 'certificate'], chainFile)];
      if (secretFile === undefined || 'error' in secretFile) return [unreadable([...path, 'key'], secretFile)];
      const verdict = loadCertificate({ namespace: '', name: '', chain: chainFile.text, key: secretFile.text });
      if (!('problem' in verdict)) return [];
      // In a Secret the two have these names.
      const message = verdict.problem.replaceAll('tls.crt', certificate).replaceAll('tls.key', key);
      return [{ path: [...path, 'certificate'], message }];
    }),
  );
}

const unreadable = (path: Path, file: { error: string } | undefined): Problem => ({
  path,
  message: `cannot be read: ${file?.error ?? 'it was not read'}`,
});

function parseWireTable(value: unknown): RoutingTable {
  const parsed = parseRoutingTable(value);
  const problem = 'problem' in parsed ? parsed.problem : findInvalidRegex(parsed.value);
  if ('value' in parsed && problem === undefined) return parsed.value;
  throw invalidTable(String(problem));
}

/** The operator refuses such a route in its StickyWorkload; a file has no other check. */
function findInvalidRegex({ routes }: RoutingTable): string | undefined {
  const [defect] = routes.flatMap(({ match, persistence }, at) => [
    ...findRegexDefects(match, `table.routes[${at}].match`),
    ...findRegexDefectsIn(persistence?.newSessionOn ?? [], `table.routes[${at}].persistence.newSessionOn`),
    ...findRegexDefectsIn(persistence?.exclude ?? [], `table.routes[${at}].persistence.exclude`),
  ]);
  return defect && describeRegexDefect(defect);
}
