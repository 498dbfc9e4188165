/** The Huffman code of HPACK (RFC 7541 §5.2 and Appendix B), read four bits at a time. */
import { byteAt } from '../http/ascii.ts';

/**
 * By symbol: the length of its code in bits; the last symbol is EOS. The code is canonical: codes of one length are consecutive, in the order of
 * their symbols, and those of the next length follow them.
 */
const codeLengths = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28,
  28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6, 5, 6,
  5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23,
  22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22,
  23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26,
  20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27,
  27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27,
  27, 27, 27, 26, 30,
];
const endOfString = 256;

/** `children`: by bit, another node or the symbol of a leaf. `padding`: a string may end here, because only ones follow its last symbol. */
type Node = { children: (Node | number | undefined)[]; index: number; padding: boolean };

function buildTree(): { root: Node; nodes: readonly Node[] } {
  const nodes: Node[] = [];
  const add = (padding: boolean): Node => {
    const node = { children: [], index: nodes.length, padding };
    nodes.push(node);
    return node;
  };
  const root = add(true);
  const insert = (symbol: number, code: number, length: number) => {
    let node = root;
    for (let depth = 1; depth < length; depth += 1) {
      const bit = (code >>> (length - depth)) & 1;
      const known = node.children[bit];
      const next = typeof known === 'object' ? known : add(node.padding && bit === 1 && depth < 8);
      node.children[bit] = next;
      node = next;
    }
    node.children[code & 1] = symbol;
  };
  let code = 0;
  for (let length = 1; length <= 30; length += 1) {
    code *= 2;
    for (const [symbol, itsLength] of codeLengths.entries()) {
      if (itsLength === length) {
        insert(symbol, code, length);
        code += 1;
      }
    }
  }
  return { root, nodes };
}

const emits = 0x100;
const invalid = -1;

/**
 * By node and four bits: the next node, shifted by 9; the bit `emits`; and the symbol that ends within the four bits. The shortest code has five,
 * so at most one does.
 */
function buildSteps({ root, nodes }: ReturnType<typeof buildTree>): Int32Array {
  const steps = new Int32Array(nodes.length * 16);
  for (const start of nodes) {
    for (let bits = 0; bits < 16; bits += 1) steps[start.index * 16 + bits] = step(start, bits);
  }
  return steps;

  function step(start: Node, bits: number): number {
    let node = start;
    let emitted = 0;
    for (let shift = 3; shift >= 0; shift -= 1) {
      const next = node.children[(bits >>> shift) & 1];
      if (next === undefined || next === endOfString) return invalid;
      if (typeof next === 'number') emitted = emits | next;
      node = typeof next === 'number' ? root : next;
    }
    return (node.index << 9) | emitted;
  }
}

const tree = buildTree();
const steps = buildSteps(tree);
const mayEnd = Uint8Array.from(tree.nodes, ({ padding }) => (padding ? 1 : 0));

/** Of each byte at most: the shortest code has five bits. */
export const maxExpansion = 8 / 5;

/** Decodes [from, to) to `out` at `at`, which must have room. Returns the end there; -1 if the code is invalid, or not padded with ones. */
export function decodeHuffman(
  bytes: Uint8Array,
  from: number,
  to: number,
  out: { bytes: Uint8Array; at: number },
): number {
  let node = 0;
  let end = out.at;
  for (let at = from; at < to; at += 1) {
    const byte = byteAt(bytes, at);
    for (let shift = 4; shift >= 0; shift -= 4) {
      const next = steps[node * 16 + ((byte >>> shift) & 15)] ?? invalid;
      if (next === invalid) return -1;
      if ((next & emits) !== 0) {
        out.bytes[end] = next & 0xff;
        end += 1;
      }
      node = next >>> 9;
    }
  }
  return mayEnd[node] === 1 ? end : -1;
}
