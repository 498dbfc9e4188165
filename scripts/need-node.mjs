// Runs on any Node from 12 on, before what needs a new one: an old one would only say that it does not know the extension ".ts".
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 24 || (major === 24 && minor < 9)) {
  process.stderr.write(
    'Holdfast needs Node 24.9 or newer, and this is ' +
      process.versions.node +
      '. "npm ci" brings one along for Linux, and for macOS and Windows on x64, ' +
      'unless optional dependencies are left out: npm ci --include=optional. Anywhere else take one from nodejs.org\n',
  );
  process.exit(1);
}
