/**
 * The shop as a process: PORT, POD_NAME, CONTROL_PORT where its switches are wanted, DEMO_URL where its page is to show and scale all pods,
 * SESSIONS_FILE on a volume that the next pod of its name gets too, and a graceful shutdown at SIGTERM.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createControl } from './control.ts';
import { createShop } from './shop.ts';

const pod = process.env['POD_NAME'] ?? 'local';
const port = Number(process.env['PORT'] ?? 8080);
const demoUrl = process.env['DEMO_URL'];
const file = process.env['SESSIONS_FILE'];
const shop = createShop(pod, {
  ...(demoUrl !== undefined && { demoUrl }),
  ...(file !== undefined && existsSync(file) && { saved: readFileSync(file, 'utf8') }),
});

/** The lines show how the pod terminated: after a SIGKILL there is `Terminating` without `Stopped`. */
const log = (event: string, fields: object = {}) => {
  process.stdout.write(
    `${JSON.stringify({ time: new Date().toISOString(), component: 'shop', event, pod, ...fields })}\n`,
  );
};

shop.server.listen(port, () => {
  const address = shop.server.address();
  log('Started', { port: typeof address === 'object' && address ? address.port : port });
});

const controlPort = process.env['CONTROL_PORT'];
if (controlPort !== undefined) createControl(shop, log).listen(Number(controlPort));

process.once('SIGTERM', () => {
  const startedAt = Date.now();
  log('Terminating', shop.count());
  void shop.close().then(() => {
    if (file !== undefined) writeFileSync(file, shop.save());
    log('Stopped', { tookMs: Date.now() - startedAt });
    process.exit(0);
  });
});
