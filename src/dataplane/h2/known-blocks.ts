/**
 * The header blocks that the peer of a connection repeats byte for byte, with the heads that they were decoded to: clients of gRPC, and apps, send the same
 * few again and again. A block has the same meaning only while the table of the decoder is the same, so what it was decoded to is forgotten with any
 * change of that table.
 *
 *     once ──again──► known ──as many newer ones──► forgotten
 */
import { Field } from '../http/fields.ts';
import { copyHead, type Head } from '../http/head.ts';
import { countOf } from '../http/head-fields.ts';
import { createRepeatedHead } from '../http/repeated-head.ts';
import { byteAt } from '../http/ascii.ts';
import type { HeadKind } from './head-assembler.ts';

/** The methods of an app that one client calls often; the responses of an app, and their trailers. */
const maxKnown = 8;
/** Larger ones would make an idle connection large. */
const maxBlockBytes = 1024;
const maxHeadBytes = 2048;

type Known = { hash: number; block: Buffer; kind: HeadKind; version: number; head: Head };

export class KnownBlocks {
  private readonly known: Known[] = [];
  private readonly seen = new Int32Array(maxKnown);
  private nextKnown = 0;
  private nextSeen = 0;
  private hash = 0;

  /** `version`: of the table by which the block would be decoded. Returns the head of the block, if it is known. */
  find(block: Buffer, kind: HeadKind, version: number): Head | undefined {
    if (block.length > maxBlockBytes) return undefined;
    this.hash = hashOf(block);
    for (const known of this.known) {
      if (known.hash === this.hash && known.version === version && known.kind === kind && known.block.equals(block)) {
        return known.head;
      }
    }
    return undefined;
  }

  /** Called after `find` of a block that was not known, with its head. Returns the one to use: a copy if the block may come again. */
  learn(block: Buffer, kind: HeadKind, version: number, head: Head): Head {
    // Each upgrade to WebSocket has a key of its own.
    if (block.length > maxBlockBytes || head.end > maxHeadBytes || countOf(head, Field.Upgrade) > 0) return head;
    if (!this.seen.includes(this.hash)) {
      this.seen[this.nextSeen] = this.hash;
      this.nextSeen = (this.nextSeen + 1) % maxKnown;
      return head;
    }
    const copy = copyHead(head);
    copy.repeated = createRepeatedHead();
    this.known[this.nextKnown] = { hash: this.hash, block: Buffer.from(block), kind, version, head: copy };
    this.nextKnown = (this.nextKnown + 1) % maxKnown;
    return copy;
  }
}

/** FNV-1a. A collision costs a comparison. */
function hashOf(block: Buffer): number {
  let hash = block.length;
  for (let at = 0; at < block.length; at += 1) hash = Math.imul(hash ^ byteAt(block, at), 0x0100_0193);
  return hash;
}
