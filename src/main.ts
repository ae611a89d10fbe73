const NEEDED_NODE_MAJOR = 24;

// Before anything else is loaded: on an older Node the imports themselves fail, with a message that helps nobody.
if (Number(process.versions.node.split('.')[0]) < NEEDED_NODE_MAJOR) {
  process.stderr.write(
    `Watchkeeper needs Node ${NEEDED_NODE_MAJOR}, this is ${process.version}. Start it with "npm start", which brings its own.\n`,
  );
  process.exit(78);
}

const [command, ...args] = process.argv.slice(2);
if (command === undefined) {
  const { startHub } = await import('./start-hub.js');
  await startHub();
} else if (command === 'reset-second-factor' && args.length === 1) {
  const { resetSecondFactor } = await import('./reset-password.js');
  await resetSecondFactor(args[0]!);
} else if (command === 'reset-password' && args.length === 1) {
  const { resetPassword } = await import('./reset-password.js');
  await resetPassword(args[0]!);
} else {
  process.stderr.write(
    'Start the hub without arguments, or: main.js reset-password EMAIL, main.js reset-second-factor EMAIL\n',
  );
  process.exit(64);
}
