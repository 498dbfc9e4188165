/** A pod as Holdfast makes them, of small scripts that say when what happened to them. */
import { forever, script } from './scene.ts';

/** Says when it got its SIGTERM, and ends. */
export const polite = "process.on('SIGTERM', () => { say('term'); process.exit(0); });";
/** A line with its time. */
export const say = "const say = (text) => console.log(text, Date.now()); say('up');";
export const timeOf = (log: string, word: string): number => Number(new RegExp(`${word} (\\d+)`).exec(log)?.[1] ?? NaN);

/** As Holdfast's: the preStop hook of the app is held by the sidecar. */
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
