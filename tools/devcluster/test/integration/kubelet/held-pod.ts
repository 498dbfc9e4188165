/** A pod with a sidecar, as Holdfast creates them, of small scripts that log what happens to them, with the time. */
import { forever, script } from './scene.ts';

/** Logs its SIGTERM and exits. */
export const polite = "process.on('SIGTERM', () => { say('term'); process.exit(0); });";
/** Logs a line with the time, the first one when the script has run, with the signal handlers that it sets. */
export const say = "const say = (text) => console.log(text, Date.now()); setImmediate(() => say('up'));";
export const timeOf = (log: string, word: string): number => Number(new RegExp(`${word} (\\d+)`).exec(log)?.[1] ?? NaN);

/** As in Holdfast: the sidecar delays the response to the preStop hook of the app. */
export const holding = (holdMs: number) => ({
  initContainers: [
    script(
      'sidecar',
      `${say} ${polite} require('http').createServer((q, s) => { say('hold'); setTimeout(() => { say('release'); s.end(); }, ${holdMs}); }).listen(9000);`,
      {
        restartPolicy: 'Always',
        startupProbe: { tcpSocket: { port: 9000 }, periodSeconds: 0.05, failureThreshold: 1000 },
      },
    ),
  ],
  containers: [
    script('app', `${say} ${polite} ${forever}`, {
      lifecycle: { preStop: { httpGet: { path: '/prestop', port: 9000 } } },
    }),
  ],
});
