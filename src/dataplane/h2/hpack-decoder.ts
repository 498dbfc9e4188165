/**
 * Decodes header blocks (RFC 7541). The table must follow that of the peer's encoder, also through blocks whose fields are not wanted; an error
 * here is one of the connection (RFC 9113 §4.3).
 *
 *     1xxxxxxx  field of a table        001xxxxx  size of the table, only before the first field
 *     01xxxxxx  field, then added       0000xxxx  field, not added        0001xxxx  field that must not be added
 */
import { byteAt } from '../http/ascii.ts';
import { DynamicTable, defaultTableBytes, type TableEntry } from './hpack-table.ts';
import { decodeHuffman, maxExpansion } from './huffman.ts';

/** A decoded field, until the next one is decoded. */
export type HpackField = {
  name: Uint8Array;
  nameStart: number;
  nameEnd: number;
  value: Uint8Array;
  valueStart: number;
  valueEnd: number;
  /** No intermediary may add it to a table (RFC 7541 §7.1.3): it is secret. */
  neverIndexed: boolean;
};

export interface FieldSink {
  field(field: HpackField): void;
}

/** Where Huffman codes of the current field are decoded; it grows to what a block of the accepted size may need. */
let scratch = new Uint8Array(4096);

const malformed = -1;
/** Larger integers than any length or index that is accepted. */
const maxInteger = 2 ** 24;

export class HpackDecoder {
  private readonly table = new DynamicTable();
  private readonly field: HpackField = {
    name: scratch,
    nameStart: 0,
    nameEnd: 0,
    value: scratch,
    valueStart: 0,
    valueEnd: 0,
    neverIndexed: false,
  };
  private block: Uint8Array = scratch;
  private end = 0;
  private at = 0;
  private scratchEnd = 0;

  /** Of its table: a block means the same while it is the same. */
  get tableVersion(): number {
    return this.table.version;
  }

  /** Passes the fields of a block to the sink. Returns whether the block is valid. */
  decode(block: Uint8Array, from: number, to: number, sink: FieldSink): boolean {
    const needed = Math.ceil((to - from) * maxExpansion);
    if (scratch.length < needed) scratch = new Uint8Array(needed);
    this.block = block;
    this.at = from;
    this.end = to;
    if (!this.readTableSizes()) return false;
    while (this.at < to) {
      if (!this.readField()) return false;
      sink.field(this.field);
    }
    return true;
  }

  private readTableSizes(): boolean {
    // A peer that shrinks and grows its table announces both (RFC 7541 §4.2).
    for (let left = 2; left > 0 && this.at < this.end; left -= 1) {
      if ((byteAt(this.block, this.at) & 0xe0) !== 0x20) return true;
      const bytes = this.readInteger(5);
      if (bytes < 0 || bytes > defaultTableBytes) return false;
      this.table.resize(bytes);
    }
    return this.at === this.end || (byteAt(this.block, this.at) & 0xe0) !== 0x20;
  }

  private readField(): boolean {
    const first = byteAt(this.block, this.at);
    this.scratchEnd = 0;
    this.field.neverIndexed = false;
    if ((first & 0x80) !== 0) return this.readIndexed();
    if ((first & 0x40) !== 0) return this.readLiteral(6) && this.remember();
    if ((first & 0x20) !== 0) return false;
    this.field.neverIndexed = (first & 0x10) !== 0;
    return this.readLiteral(4);
  }

  private readIndexed(): boolean {
    const entry = this.entryOf(this.readInteger(7));
    if (entry === undefined) return false;
    this.useName(entry);
    const { field } = this;
    field.value = entry.bytes;
    field.valueStart = entry.nameLength;
    field.valueEnd = entry.bytes.length;
    return true;
  }

  private readLiteral(prefix: number): boolean {
    const index = this.readInteger(prefix);
    if (index === malformed) return false;
    const { field } = this;
    if (index > 0) {
      const entry = this.entryOf(index);
      if (entry === undefined) return false;
      this.useName(entry);
    } else {
      const start = this.readString();
      if (start === malformed) return false;
      [field.name, field.nameStart, field.nameEnd] = [this.stringBytes, start, this.stringEnd];
    }
    const start = this.readString();
    [field.value, field.valueStart, field.valueEnd] = [this.stringBytes, start, this.stringEnd];
    return start !== malformed;
  }

  private useName(entry: TableEntry): void {
    this.field.name = entry.bytes;
    this.field.nameStart = 0;
    this.field.nameEnd = entry.nameLength;
  }

  private entryOf(index: number): TableEntry | undefined {
    return index > 0 ? this.table.find(index) : undefined;
  }

  private remember(): boolean {
    const { name, nameStart, nameEnd, value, valueStart, valueEnd } = this.field;
    const nameLength = nameEnd - nameStart;
    const length = nameLength + valueEnd - valueStart;
    if (!this.table.hasRoomFor(length)) {
      this.table.clear();
      return true;
    }
    const bytes = new Uint8Array(length);
    bytes.set(name.subarray(nameStart, nameEnd));
    bytes.set(value.subarray(valueStart, valueEnd), nameLength);
    this.table.insert({ bytes, nameLength });
    return true;
  }

  private stringBytes: Uint8Array = scratch;
  private stringEnd = 0;

  /** Reads a string literal to `stringBytes` up to `stringEnd`. Returns where it begins there. */
  private readString(): number {
    if (this.at >= this.end) return malformed;
    const isHuffman = (byteAt(this.block, this.at) & 0x80) !== 0;
    const length = this.readInteger(7);
    const start = this.at;
    if (length === malformed || start + length > this.end) return malformed;
    this.at = start + length;
    if (!isHuffman) {
      this.stringBytes = this.block;
      this.stringEnd = this.at;
      return start;
    }
    const decodedStart = this.scratchEnd;
    this.stringBytes = scratch;
    this.stringEnd = decodeHuffman(this.block, start, this.at, { bytes: scratch, at: decodedStart });
    this.scratchEnd = this.stringEnd;
    return this.stringEnd < 0 ? malformed : decodedStart;
  }

  /** Reads an integer whose first bits are the last ones of the current byte (RFC 7541 §5.1). */
  private readInteger(prefix: number): number {
    const most = (1 << prefix) - 1;
    let value = byteAt(this.block, this.at) & most;
    this.at += 1;
    if (value < most) return value;
    for (let factor = 1; this.at < this.end && value <= maxInteger; factor *= 128) {
      const byte = byteAt(this.block, this.at);
      this.at += 1;
      value += (byte & 0x7f) * factor;
      if ((byte & 0x80) === 0) return value;
      // Leading zeros of any number would be no larger integer.
      if (factor > maxInteger) return malformed;
    }
    return malformed;
  }
}
