/** A proxy in a process of its own (`fork`), so that its memory is measured without that of app and client. Argument: the app's port. */
import { createRig } from './rig.ts';

const proxy = await createRig().proxy(Number(process.argv[2]));
process.on('message', () => process.send?.({ peakBytes: process.resourceUsage().maxRSS * 1024 }));
process.on('disconnect', () => process.exit(0));
process.send?.({ port: proxy.port });
