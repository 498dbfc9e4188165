/** The results of a section of the benchmarks. */

export const sectionNames = [
  'speed',
  'routes',
  'sessions',
  'connections',
  'sidecar',
  'abuse',
  'table',
  'operator',
  'devcluster',
] as const;
export type SectionName = (typeof sectionNames)[number];

export type Table = { title: string; columns: readonly string[]; rows: readonly (readonly string[])[] };

/** `skipped`: what could not be measured on this machine, the reason, and how to install what is missing. `data`: the samples, for `--json`. */
export type Section = {
  tables: readonly Table[];
  notes?: readonly string[];
  skipped?: readonly string[];
  data?: unknown;
};
