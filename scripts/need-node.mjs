// Runs on Node 12 or newer, before scripts that need a newer Node: an older Node only reports that it does not know the extension ".ts".
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 24 || (major === 24 && minor < 9)) {
  process.stderr.write(
    'Holdfast needs Node 24.9 or newer; this is ' +
      process.versions.node +
      '. "npm ci" installs one for Linux, and for macOS and Windows on x64, ' +
      'unless optional dependencies are omitted: run npm ci --include=optional. On other platforms install it from nodejs.org\n',
  );
  process.exit(1);
}
