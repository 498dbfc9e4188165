/** Table files, in short form. */
import { tableFileSchema, type TableFile } from '../../src/api/table-file.ts';
import { applySchema } from '../../src/core/table-file/apply-schema.ts';

/** The backend `shop` with these servers behind a listener. `more`: other fields of the file. */
export const shopFile = (endpoints: readonly object[], more: object = {}, backend: object = {}): object => ({
  listeners: [{ port: 8080 }],
  routes: [{ backends: [{ name: 'shop' }] }],
  backends: { shop: { endpoints, ...backend } },
  ...more,
});

/** With its defaults. */
export function tableFile(raw: object): TableFile {
  const read = applySchema(tableFileSchema, raw);
  if ('problems' in read) throw new Error(JSON.stringify(read.problems));
  return read.value;
}
