/** The tables of HPACK: the static one (RFC 7541 Appendix A), and that of a connection, which grows at its front and loses the oldest entries. */

/** A field: the bytes of its name, and after them those of its value. */
export type TableEntry = { readonly bytes: Uint8Array; readonly nameLength: number };

const entry = (name: string, value = ''): TableEntry => ({
  bytes: Buffer.from(name + value, 'latin1'),
  nameLength: name.length,
});

/** Index 1 is the first of them. */
export const staticTable: readonly TableEntry[] = [
  entry(':authority'),
  entry(':method', 'GET'),
  entry(':method', 'POST'),
  entry(':path', '/'),
  entry(':path', '/index.html'),
  entry(':scheme', 'http'),
  entry(':scheme', 'https'),
  entry(':status', '200'),
  entry(':status', '204'),
  entry(':status', '206'),
  entry(':status', '304'),
  entry(':status', '400'),
  entry(':status', '404'),
  entry(':status', '500'),
  entry('accept-charset'),
  entry('accept-encoding', 'gzip, deflate'),
  ...[
    'accept-language accept-ranges accept access-control-allow-origin age allow authorization cache-control',
    'content-disposition content-encoding content-language content-length content-location content-range content-type',
    'cookie date etag expect expires from host if-match if-modified-since if-none-match if-range if-unmodified-since',
    'last-modified link location max-forwards proxy-authenticate proxy-authorization range referer refresh retry-after',
    'server set-cookie strict-transport-security transfer-encoding user-agent vary via www-authenticate',
  ]
    .join(' ')
    .split(' ')
    .map((name) => entry(name)),
];

/** RFC 7541 §4.1: what an entry counts beside its bytes. */
const entryOverhead = 32;

/** The default of SETTINGS_HEADER_TABLE_SIZE (RFC 9113 §6.5.2). */
export const defaultTableBytes = 4096;

export class DynamicTable {
  /** Another one after each change. */
  version = 0;
  private entries: TableEntry[] = [];
  private bytes = 0;
  private maxBytes = defaultTableBytes;

  /** Returns the entry of an index of both tables; undefined if there is none. */
  find(index: number): TableEntry | undefined {
    if (index <= staticTable.length) return staticTable[index - 1];
    // The newest has the first index, and is the last of the array: an insertion moves none.
    return this.entries[this.entries.length - (index - staticTable.length)];
  }

  /** `added`: there is room for it. */
  insert(added: TableEntry): void {
    this.version += 1;
    this.entries.push(added);
    this.bytes += added.bytes.length + entryOverhead;
    this.evict();
  }

  /** Whether an entry of this many bytes would not empty the table. */
  hasRoomFor(length: number): boolean {
    return length + entryOverhead <= this.maxBytes;
  }

  /** As the insertion of an entry that is larger than the table (RFC 7541 §4.4). */
  clear(): void {
    this.version += 1;
    this.entries = [];
    this.bytes = 0;
  }

  resize(maxBytes: number): void {
    this.version += 1;
    this.maxBytes = maxBytes;
    this.evict();
  }

  private evict(): void {
    let evicted = 0;
    while (this.bytes > this.maxBytes) {
      this.bytes -= (this.entries[evicted]?.bytes.length ?? 0) + entryOverhead;
      evicted += 1;
    }
    if (evicted > 0) this.entries.splice(0, evicted);
  }
}
