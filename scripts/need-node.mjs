// Runs on any Node, before what needs a new one: an old one would only say that it does not know the extension ".ts".
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 24 || (major === 24 && minor < 9)) {
  process.stderr.write(
    `Holdfast needs Node 24.9 or newer, and this is ${process.version}. "npm ci" brings one along, unless optional dependencies are left out: npm ci --include=optional\n`,
  );
  process.exit(1);
}
