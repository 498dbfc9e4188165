import { describe, expect, test } from '@jest/globals';
import { noRange, noUser, type TcpSocket } from '../../../../src/dataplane/net/tcp-socket.ts';
import { TurnFrames } from '../../../../src/dataplane/h2/turn-frames.ts';

/** The frames of a connection, and what its socket was given, each write with its text. */
function createFrames() {
  const written: string[] = [];
  const socket: Partial<TcpSocket> = {
    user: noUser,
    write: (data) => written.push(data.toString('latin1')) > 0,
    writeJoined: (before, bytes, { from, to }, after) =>
      written.push(before + bytes.toString('latin1', from, to) + after) > 0,
  };
  const frames = new TurnFrames(socket as TcpSocket);
  return { frames, written };
}

const nextTick = () => new Promise<void>((resolve) => process.nextTick(resolve));

describe('frames', () => {
  test('leave together when the event loop goes on', async () => {
    const { frames, written } = createFrames();
    frames.add('head ');
    frames.addContent('data ', Buffer.from('-content '), { from: 1, to: 9 });
    frames.addContent('end ', Buffer.alloc(0), noRange);
    frames.add('trailers');
    expect(written).toEqual([]);
    await nextTick();
    expect(written).toEqual(['head data content end trailers']);
    frames.add('next');
    await nextTick();
    expect(written.slice(1)).toEqual(['next']);
  });

  test('leave with large content that follows, and before it', async () => {
    const { frames, written } = createFrames();
    const content = Buffer.alloc(5000, 'c');
    frames.add('head ');
    frames.addContent('data ', content, { from: 0, to: content.length });
    frames.add('trailers');
    expect(written).toEqual([`head data ${content.toString()}`]);
    await nextTick();
    expect(written.slice(1)).toEqual(['trailers']);
  });

  test('leave when they become many, so that none wait without limit', () => {
    const { frames, written } = createFrames();
    for (let count = 0; count < 100; count += 1) frames.add('x'.repeat(1000));
    expect(written.length).toBeGreaterThan(4);
  });

  test('leave at once before the end of the connection', async () => {
    const { frames, written } = createFrames();
    frames.add('last');
    frames.flush();
    expect(written).toEqual(['last']);
    await nextTick();
    expect(written).toEqual(['last']);
  });
});
