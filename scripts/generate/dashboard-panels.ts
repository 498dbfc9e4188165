/** Panels of a Grafana dashboard, as far as ours needs them: a number, a time line or a table over one or a few queries. */

export type Query = { expr: string; legend?: string };

export type Panel = {
  type: 'stat' | 'timeseries' | 'table';
  title: string;
  /** What one sees, and what to do about it. */
  description: string;
  queries: readonly Query[];
  unit?: 'short' | 's' | 'reqps' | 'dateTimeFromNow';
  /** Of the 24 columns that a row has. */
  width: 4 | 5 | 6 | 8 | 12 | 24;
  /** From this value on it is red. */
  redFrom?: number;
};

export type Row = { title: string; panels: readonly Panel[] };

const datasource = { type: 'prometheus', uid: '${datasource}' };
const heights: Record<Panel['type'], number> = { stat: 4, timeseries: 8, table: 8 };

/** All panels with their places: rows below each other, the panels of a row side by side, wrapped at 24 columns. */
export function layOut(rows: readonly Row[]): object[] {
  const placed: object[] = [];
  let y = 0;
  for (const row of rows) {
    placed.push({
      type: 'row',
      title: row.title,
      collapsed: false,
      id: placed.length + 1,
      gridPos: { x: 0, y, w: 24, h: 1 },
      panels: [],
    });
    y += 1;
    let x = 0;
    let lineHeight = 0;
    for (const panel of row.panels) {
      if (x + panel.width > 24) {
        x = 0;
        y += lineHeight;
        lineHeight = 0;
      }
      placed.push(
        renderPanel(panel, { id: placed.length + 1, gridPos: { x, y, w: panel.width, h: heights[panel.type] } }),
      );
      x += panel.width;
      lineHeight = Math.max(lineHeight, heights[panel.type]);
    }
    y += lineHeight;
  }
  return placed;
}

function renderPanel(panel: Panel, place: { id: number; gridPos: object }): object {
  const { type, title, description, queries, unit = 'short', redFrom } = panel;
  const steps = [{ color: 'green', value: null }, ...(redFrom === undefined ? [] : [{ color: 'red', value: redFrom }])];
  return {
    ...place,
    type,
    title,
    description,
    datasource,
    fieldConfig: {
      defaults: { unit, min: unit === 'dateTimeFromNow' ? undefined : 0, thresholds: { mode: 'absolute', steps } },
      overrides: [],
    },
    options: optionsOf(panel),
    ...(type === 'table' && {
      transformations: [
        { id: 'merge', options: {} },
        { id: 'organize', options: { excludeByName: { Time: true } } },
      ],
    }),
    targets: queries.map((query, index) =>
      renderTarget(query, { refId: String.fromCharCode(65 + index), isInstant: type !== 'timeseries' }),
    ),
  };
}

const renderTarget = (
  { expr, legend = '' }: Query,
  { refId, isInstant }: { refId: string; isInstant: boolean },
): object => ({
  refId,
  datasource,
  expr,
  legendFormat: legend,
  instant: isInstant,
  range: !isInstant,
  ...(isInstant && { format: 'table' }),
});

function optionsOf({ type }: Panel): object {
  if (type === 'stat') {
    return {
      reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
      colorMode: 'value',
      graphMode: 'none',
    };
  }
  if (type === 'timeseries') {
    return {
      legend: { displayMode: 'table', placement: 'bottom', calcs: ['lastNotNull', 'max'] },
      tooltip: { mode: 'multi' },
    };
  }
  return { showHeader: true };
}
