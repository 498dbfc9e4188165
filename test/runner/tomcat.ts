/** The image of examples/tomcat, from the JDK and the Tomcat of this machine: pods cannot download either. */
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, runProgram, type Output } from './process.ts';

const jars = ['tomcat10-embed-core', 'jakarta-annotation-api'].map((name) => `/usr/share/java/${name}.jar`);
const [javac, jlink] = ['/usr/bin/javac', '/usr/bin/jlink'] as const;

/** Tomcat uses `java.beans`, which is in java.desktop. */
const modules =
  'java.base,java.desktop,java.instrument,java.logging,java.management,java.naming,java.rmi,java.security.jgss,java.xml';

const dockerfile = `FROM node:24-slim
COPY jre /opt/jre
COPY app /opt/app
USER 1000:1000
EXPOSE 8080
ENTRYPOINT ["/opt/jre/bin/java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx64m", "-cp", "/opt/app:/opt/app/*", "Shop"]
`;

/** Why the image cannot be made here, or undefined. */
export function whyNoTomcat(): string | undefined {
  const missing = [javac, jlink, ...jars].filter((file) => !existsSync(file));
  if (missing.length === 0) return undefined;
  const packages = 'default-jdk-headless libtomcat10-embed-java libjakarta-annotation-api-java';
  return `this machine has no ${missing.join(', ')}: get it by apt-get install ${packages}`;
}

/** Fills a folder for `build-image`. Returns whether that succeeded. */
export async function prepareTomcat(folder: string, output: Output): Promise<boolean> {
  const app = join(folder, 'app');
  mkdirSync(app, { recursive: true });
  for (const jar of jars) copyFileSync(jar, join(app, jar.slice(jar.lastIndexOf('/') + 1)));
  writeFileSync(join(folder, 'Dockerfile'), dockerfile);
  const steps = [
    [javac, '-proc:none', '-cp', jars.join(':'), '-d', app, join(root, 'examples/tomcat/Shop.java')],
    [jlink, '--add-modules', modules, '--no-header-files', '--no-man-pages', '--output', join(folder, 'jre')],
  ];
  for (const [command = '', ...args] of steps) {
    if ((await runProgram({ command, args, output })) !== 0) return false;
  }
  return true;
}
