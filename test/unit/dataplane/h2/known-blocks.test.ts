import { describe, expect, test } from '@jest/globals';
import { compileHeaderEdits } from '../../../../src/dataplane/http/header-edits.ts';
import { noFields } from '../../../../src/dataplane/http/header-fields.ts';
import { ForwardedLines, type Hop } from '../../../../src/dataplane/http/hop.ts';
import { createHead, type Head } from '../../../../src/dataplane/http/head.ts';
import { inspectRequest, Request } from '../../../../src/dataplane/http/request.ts';
import { HeadAssembler, type AssembledHead, type HeadKind } from '../../../../src/dataplane/h2/head-assembler.ts';
import { HeaderFrames } from '../../../../src/dataplane/h2/header-frames.ts';
import { BlockWriter } from '../../../../src/dataplane/h2/hpack-encoder.ts';
import { requestBlock, responseBlock } from '../../../../src/dataplane/h2/message-blocks.ts';
import { Flag, FrameType } from '../../../../src/dataplane/h2/frames.ts';
import type { TokenFilter } from '../../../../src/dataplane/routing.ts';
import type { ResponseChanges } from '../../../../src/dataplane/streams.ts';
import { cookieCarrier, filterOf } from '../../../support/proxy-table.ts';

const hop: Hop = {
  address: '192.0.2.7',
  isTrusted: false,
  scheme: 'http',
  forwarded: new ForwardedLines('192.0.2.7', 'http'),
  localAuthority: () => '10.0.0.1:80',
};

/** A connection that receives header blocks. */
function createConnection(kind: HeadKind = 'request') {
  const assembler = new HeadAssembler(createHead({ lineBytes: 8192, headBytes: 32_768, fields: 100 }));
  const received: { head: Head; outcome: AssembledHead }[] = [];
  const frames = new HeaderFrames(
    {
      headKind: () => kind,
      headersReceived(_, head, outcome) {
        received.push({ head, outcome });
        return undefined;
      },
    },
    assembler,
  );
  const receive = (block: string): Head => {
    const payload = Buffer.from(block, 'latin1');
    frames.headers({ type: FrameType.Headers, streamId: 1, flags: Flag.EndHeaders, length: payload.length }, payload);
    const last = received.at(-1);
    if (last?.outcome !== 'complete') throw new Error('the head is not complete');
    return last.head;
  };
  return { receive, isKept: (block: string) => receive(block) !== assembler.head };
}

const blockOf = (fields: Record<string, string>): string =>
  blockWith({ ':method': 'GET', ':scheme': 'http', ':path': '/', ':authority': 'shop.test', ...fields });

function blockWith(fields: Record<string, string>): string {
  const writer = new BlockWriter();
  writer.begin();
  for (const [name, value] of Object.entries(fields)) writer.field(name, value);
  return writer.end();
}

describe('the head of a block', () => {
  test('is kept when the block comes again', () => {
    const { isKept } = createConnection();
    const block = blockOf({ cookie: 'a=1' });
    expect([isKept(block), isKept(block), isKept(block)]).toEqual([false, true, true]);
  });

  test('is the same one as long as few others come again', () => {
    const { receive } = createConnection();
    const block = blockOf({ cookie: 'a=1' });
    receive(block);
    const kept = receive(block);
    for (let count = 0; count < 100; count += 1) receive(blockOf({ cookie: `a=${count}` }));
    expect(receive(block)).toBe(kept);
  });

  test('is not kept forever, so that a connection stays small', () => {
    const { receive } = createConnection();
    const blocks = Array.from({ length: 100 }, (_, count) => blockOf({ cookie: `a=${count}` }));
    const heads = blocks.map((block) => [receive(block), receive(block)][1]);
    expect(blocks.filter((block, at) => receive(block) === heads[at]).length).toBeLessThanOrEqual(8);
  });

  test.each([
    ['that is large', { cookie: `a=${'1'.repeat(2000)}` }],
    ['that asks for a WebSocket', { ':method': 'CONNECT', ':protocol': 'websocket' }],
  ])('%s is not kept', (_, fields) => {
    const { isKept } = createConnection();
    expect([1, 2, 3].map(() => isKept(blockOf(fields)))).toEqual([false, false, false]);
  });
});

describe('a request that is repeated', () => {
  const carried = filterOf(cookieCarrier({ name: 'sid' }));

  function sender() {
    const { receive } = createConnection();
    return (filter: TokenFilter, from = hop): string => {
      const request = inspectRequest(receive(blockOf({ cookie: 'a=1; sid=x' })), from);
      if (!(request instanceof Request)) throw new Error(request.reason);
      return requestBlock(request, { filter, edits: undefined });
    };
  }

  test('is written once', () => {
    let asked = 0;
    const filter = {
      ...carried,
      cookiesForApp(cookies: string) {
        asked += 1;
        return carried.cookiesForApp(cookies);
      },
    };
    const send = sender();
    const [first, ...others] = [1, 2, 3, 4].map(() => send(filter));
    expect(first).toContain('a=1');
    expect(first).not.toContain('sid=x');
    expect(others).toEqual([first, first, first]);
    expect(asked).toBe(2);
  });

  test('is written again when its route keeps more from the app', () => {
    const send = sender();
    for (let count = 0; count < 3; count += 1) expect(send(carried)).toContain('a=1');
    const stricter = { ...carried, version: carried.version, cookiesForApp: () => 'b=2' };
    expect(send(stricter)).toContain('b=2');
    expect(send({ ...stricter, version: stricter.version + 1, cookiesForApp: () => 'c=3' })).toContain('c=3');
  });

  test('is written again with another version of the same filter', () => {
    const send = sender();
    const changing = { ...carried, version: 1, cookiesForApp: () => 'one=1' };
    for (let count = 0; count < 3; count += 1) expect(send(changing)).toContain('one=1');
    changing.version = 2;
    changing.cookiesForApp = () => 'two=2';
    expect(send(changing)).toContain('two=2');
  });

  test('is written again for another client', () => {
    const send = sender();
    for (let count = 0; count < 3; count += 1) expect(send(carried)).toContain('192.0.2.7');
    expect(send(carried, { ...hop, address: '192.0.2.8' })).toContain('192.0.2.8');
  });
});

describe('a response that is repeated', () => {
  const carried = filterOf(cookieCarrier({ name: 'sid' }));
  const changes = { filter: carried, edits: undefined, sessionFields: noFields, method: 'GET' };

  function sender(fields: Record<string, string>) {
    const { receive } = createConnection('response');
    return (more: Partial<ResponseChanges> = {}) =>
      responseBlock(receive(blockWith({ ':status': '200', ...fields })), { ...changes, ...more });
  }

  test('is written with the edits of each', () => {
    const send = sender({ 'x-a': '1' });
    const edits = compileHeaderEdits([{ set: [{ name: 'x-a', value: '2' }] }]);
    const plain = [1, 2, 3].map(() => send());
    expect(new Set(plain).size).toBe(1);
    expect(send({ edits })).not.toBe(plain[0]);
    expect(send()).toBe(plain[0]);
  });

  test('is asked about its cookies each time: what they are worth depends on the time', () => {
    const send = sender({ 'set-cookie': 'sid=1' });
    let asked = 0;
    const filter = {
      ...carried,
      hidesCookieFromClient() {
        asked += 1;
        return asked % 2 === 0;
      },
    };
    const sent = [1, 2, 3, 4].map(() => send({ filter }).includes('sid=1'));
    expect(sent).toEqual([true, false, true, false]);
  });

  test('has what its session adds', () => {
    const send = sender({ 'x-a': '1' });
    const plain = [1, 2, 3].map(() => send());
    const sessionFields = [{ name: 'Set-Cookie', value: 'sid=2' }];
    expect(send({ sessionFields })).toContain('sid=2');
    expect(send()).toBe(plain[0]);
  });
});
