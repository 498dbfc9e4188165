/** What a section of the benchmarks has to say. */

export const sectionNames = ['speed', 'sessions', 'connections', 'sidecar', 'table', 'operator', 'devcluster'] as const;
export type SectionName = (typeof sectionNames)[number];

export type Table = { title: string; columns: readonly string[]; rows: readonly (readonly string[])[] };

/** `skipped`: what could not be measured here, why, and how to get what it needs. */
export type Section = { tables: readonly Table[]; notes?: readonly string[]; skipped?: readonly string[] };
