/** Discovery: the served kinds, by group and version. Clients that prefer the aggregated form fall back to this one. */
import { apiVersionOf, type Kind } from '../kinds/kind.ts';

type Groups = ReadonlyMap<string, ReadonlyMap<string, readonly Kind[]>>;

/** Versions in order of preference: v2, v1, v1beta1, v1alpha1. */
function compareVersions(a: string, b: string): number {
  const [stageA, stageB] = [stageOf(a), stageOf(b)];
  return stageB.rank - stageA.rank || stageB.major - stageA.major || stageB.minor - stageA.minor || (a < b ? -1 : 1);
}

function stageOf(version: string): { rank: number; major: number; minor: number } {
  const [, major, stage, minor] = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version) ?? [];
  if (major === undefined) return { rank: 0, major: 0, minor: 0 };
  return { rank: stage === undefined ? 3 : stage === 'beta' ? 2 : 1, major: Number(major), minor: Number(minor ?? 0) };
}

export function groupKinds(kinds: readonly Kind[]): Groups {
  const groups = Map.groupBy(kinds, (kind) => kind.entry.group);
  return new Map([...groups].map(([group, members]) => [group, versionsOf(members)]));
}

function versionsOf(kinds: readonly Kind[]): Map<string, Kind[]> {
  const versions = Map.groupBy(kinds, (kind) => kind.entry.version);
  return new Map([...versions].toSorted(([a], [b]) => compareVersions(a, b)));
}

const inOrder = (kinds: readonly Kind[]): Kind[] =>
  kinds.toSorted((a, b) => (a.entry.plural < b.entry.plural ? -1 : 1));

export const buildApiVersions = (address: string): object => ({
  kind: 'APIVersions',
  versions: ['v1'],
  serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: address }],
});

function buildGroup(name: string, versions: Iterable<string>): object {
  const list = [...versions].map((version) => ({ groupVersion: `${name}/${version}`, version }));
  return { name, versions: list, preferredVersion: list[0] };
}

export const buildGroupList = (kinds: readonly Kind[]): object => ({
  kind: 'APIGroupList',
  apiVersion: 'v1',
  groups: [...groupKinds(kinds)]
    .filter(([group]) => group !== '')
    .map(([group, versions]) => buildGroup(group, versions.keys())),
});

export function buildApiGroup(kinds: readonly Kind[], group: string): object | undefined {
  const versions = groupKinds(kinds).get(group);
  return versions === undefined || group === ''
    ? undefined
    : { kind: 'APIGroup', apiVersion: 'v1', ...buildGroup(group, versions.keys()) };
}

/** `groupVersion`: `v1`, `apps/v1`. */
export function buildResourceList(kinds: readonly Kind[], groupVersion: string): object | undefined {
  const members = inOrder(kinds.filter(({ entry }) => apiVersionOf(entry) === groupVersion));
  if (members.length === 0) return undefined;
  const resources = members.flatMap(({ entry }) => {
    const { plural, singular, namespaced, kind, verbs, shortNames, categories } = entry;
    const own = {
      name: plural,
      singularName: singular,
      namespaced,
      kind,
      verbs,
      ...(shortNames.length > 0 && { shortNames }),
      ...(categories.length > 0 && { categories }),
    };
    return [
      own,
      ...entry.subresources.map(({ name, ...of }) => ({
        name: `${plural}/${name}`,
        singularName: '',
        namespaced,
        ...of,
      })),
    ];
  });
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources };
}
