// `make dev`: builds both halves for debugging, serves them, and rebuilds after each change of a file.
// An open page reloads itself, because the restarted server sends another build id on the page's stream.
import { spawn } from 'node:child_process';
import { existsSync, watch } from 'node:fs';

const SITE = 'target/dev-site';
const DEV = [`SITE=${SITE}`, 'PROFILE=dev'];
const WATCHED = ['src', 'style', 'public', 'migrations', 'Cargo.toml'];
const QUIET_MS = 300; // wait, because an editor writes a file in several steps

let server; // the server process, if it runs
let changed = new Set(WATCHED); // folders and files that changed since the last build began
let unbuilt = []; // changes of a failed build, to be built next time
let building = false;
let timer;

const make = (...args) =>
  new Promise((resolve) => spawn('make', args, { stdio: 'inherit' }).on('close', (code) => resolve(code === 0)));

async function stopServer() {
  if (!server || server.exitCode !== null || server.signalCode !== null) return;
  const closed = new Promise((resolve) => server.once('close', resolve));
  server.kill('SIGTERM');
  await closed;
}

async function startServer() {
  await stopServer();
  server = spawn('target/debug/umbba', ['serve'], {
    stdio: 'inherit',
    env: { ...process.env, APP_ENV: 'development', SITE_ROOT: SITE },
  });
  server.on('error', (error) => console.error(`dev: the server does not start: ${error.message}`));
}

async function build() {
  if (building) return; // the running build checks `changed` again at its end
  building = true;
  while (changed.size > 0) {
    const begun = Date.now();
    const places = [...changed, ...unbuilt];
    const onlyStyle = places.every((place) => place === 'style');
    changed = new Set();
    const built = onlyStyle ? await make('css', ...DEV) : (await make('server-debug')) && (await make('site', ...DEV));
    unbuilt = built ? [] : places;
    if (!built) {
      console.error('dev: not built; the last good version goes on');
      continue;
    }
    console.log(`dev: built in ${((Date.now() - begun) / 1000).toFixed(1)} s`);
    await startServer();
  }
  building = false;
}

for (const place of WATCHED.filter((place) => existsSync(place))) {
  watch(place, { recursive: true }, () => {
    changed.add(place);
    clearTimeout(timer);
    timer = setTimeout(build, QUIET_MS);
  });
}
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, async () => {
    await stopServer();
    process.exit(0);
  });
}

await build();
