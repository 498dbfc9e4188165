import { describe, expect, test } from '@jest/globals';
import { checkAtStart } from '../../../sidecar/start-check.ts';
import { watchReachability } from '../../../sidecar/reachability.ts';
import { createAddressBook } from '../../../sidecar/addresses.ts';
import type { SidecarClient } from '../../../src/wire/client/sidecar-client.ts';
import type { DrainStatus } from '../../../src/wire/messages.ts';

const alive: DrainStatus = { terminating: false };
const terminating = (appRuns: boolean): DrainStatus => ({ terminating: true, killAtMs: 1, appRuns, sources: [] });

/** An operator that gives these answers, the last one again and again; an Error is a failure. Each answer takes a second. */
function createCheck(answers: (DrainStatus | Error)[], { heldAfter = Infinity }: { heldAfter?: number } = {}) {
  let asked = 0;
  let nowMs = 0;
  const events: string[] = [];
  const exits: string[] = [];
  const counters = { operatorErrors: 0 };
  const operator: SidecarClient = {
    drainStatus: () => {
      const answer = answers[Math.min(asked, answers.length - 1)] ?? alive;
      asked += 1;
      nowMs += 1000;
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
    reportDrained: () => Promise.resolve(),
    close: () => undefined,
  };
  const log = (event: string) => events.push(event);
  const run = () =>
    checkAtStart({
      operator: watchReachability(operator, { log, counters, nowMs: () => nowMs }),
      isHeld: () => asked >= heldAfter,
      appGraceMs: 30_000,
      exit: (reason) => exits.push(reason),
      log,
      nowMs: () => nowMs,
      pauseMs: 0,
    });
  return { run, events, exits, counters, asked: () => asked, elapsedMs: () => nowMs };
}

describe('at its start the sidecar', () => {
  test('asks once if the pod does not terminate', async () => {
    const check = createCheck([alive]);
    await check.run();
    expect(check).toMatchObject({ exits: [], events: ['StartChecked'] });
    expect(check.asked()).toBe(1);
  });

  test('exits if the pod terminates and its app has exited: the SIGTERM may have been lost', async () => {
    const check = createCheck([terminating(true), terminating(true), terminating(false)]);
    await check.run();
    expect(check.exits).toEqual(['AppGone']);
    expect(check.asked()).toBe(3);
  });

  test('stays if the kubelet calls a preStop hook', async () => {
    const check = createCheck([terminating(true)], { heldAfter: 2 });
    await check.run();
    expect(check.exits).toEqual([]);
  });

  test('exits without news of the app when the app must have exited, and not earlier', async () => {
    const check = createCheck([terminating(true)]);
    await check.run();
    expect(check.exits).toEqual(['AppGraceOver']);
    expect(check.elapsedMs()).toBeGreaterThan(40_000);
    expect(check.elapsedMs()).toBeLessThan(45_000);
  });

  test('logs that it cannot reach the operator once, repeats the question, and logs that it can again', async () => {
    const check = createCheck([new Error('ENOTFOUND'), new Error('ENOTFOUND'), alive]);
    await check.run();
    expect(check.events).toEqual(['OperatorUnreachable', 'OperatorReachable', 'StartChecked']);
    expect(check.counters.operatorErrors).toBe(2);
  });
});

test('an operator that stays unreachable is logged each minute', async () => {
  const check = createCheck([new Error('ETIMEDOUT')], { heldAfter: 150 });
  await check.run();
  expect(check.events).toEqual(['OperatorUnreachable', 'OperatorUnreachable', 'OperatorUnreachable']);
});

describe('the addresses of the operator', () => {
  const known = ['10.96.0.10'];
  const patienceMs = 20;

  test('are those of its name, then those that injection wrote', async () => {
    const resolve = createAddressBook({ lookUp: () => Promise.resolve(['10.1.0.5', '10.96.0.10']), known, patienceMs });
    expect(await resolve('discovery')).toEqual(['10.1.0.5', '10.96.0.10']);
  });

  test('are known where the name does not resolve', async () => {
    const lookUp = () => Promise.reject(new Error('ENOTFOUND'));
    expect(await createAddressBook({ lookUp, known, patienceMs })('discovery')).toEqual(known);
    await expect(createAddressBook({ lookUp, known: [], patienceMs })('discovery')).rejects.toThrow('ENOTFOUND');
  });

  test('are known while a name server does not respond, and only one look-up waits for it', async () => {
    let lookUps = 0;
    const lookUp = () => {
      lookUps += 1;
      return new Promise<string[]>(() => undefined);
    };
    const resolve = createAddressBook({ lookUp, known, patienceMs });
    expect([await resolve('discovery'), await resolve('discovery')]).toEqual([known, known]);
    expect(lookUps).toBe(1);
  });
});
