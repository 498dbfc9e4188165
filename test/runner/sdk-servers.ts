/** The image of the examples that are servers of npm packages: each is one bundled file, because pods have no node_modules. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { root } from './process.ts';

const dockerfile = `FROM node:24-slim
COPY *.mjs /app/
USER 1000:1000
EXPOSE 8080
ENTRYPOINT ["node"]
`;

/** Fills a folder for `build-image`. */
export async function prepareSdkServers(folder: string): Promise<void> {
  await build({
    absWorkingDir: root,
    entryPoints: {
      grpc: 'examples/grpc/main.ts',
      mcp: 'examples/mcp/main.ts',
      socketio: 'examples/socketio/main.ts',
    },
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    logLevel: 'silent',
    banner: {
      js: "import { createRequire as createRequireOfBundle } from 'node:module';\nconst require = createRequireOfBundle(import.meta.url);",
    },
  });
  writeFileSync(join(folder, 'Dockerfile'), dockerfile);
}
