// Runs one JavaScript plugin; see script.go for what goes over which descriptor.
'use strict';
const fs = require('node:fs');
const { pathToFileURL } = require('node:url');
const { format } = require('node:util');

const TO_US = 3;
const FROM_US = 4;
const FAILED = 101; // the exit code that Serverless Devs has for a failed plugin

const [file, debug] = process.argv.slice(1);
const request = JSON.parse(fs.readFileSync(0, 'utf8'));

function say(message) {
  const data = Buffer.from(JSON.stringify(message) + '\n');
  for (let done = 0; done < data.length; ) done += fs.writeSync(TO_US, data, done);
}

function hear() {
  const parts = [];
  const byte = Buffer.alloc(1);
  while (fs.readSync(FROM_US, byte, 0, 1) === 1 && byte[0] !== 10) parts.push(byte[0]);
  return JSON.parse(Buffer.from(parts).toString('utf8'));
}

async function getCredential() {
  say({ credential: true });
  const answer = hear();
  if (answer.error) throw new Error(answer.error);
  return answer.credential;
}

// Whatever a plugin calls on its logger is a line on stderr.
const print = (...args) => process.stderr.write(format(...args) + '\n');
const logger = new Proxy(
  { debug: debug ? print : () => {} },
  { get: (own, name) => (name === 'then' ? undefined : own[name] || print) },
);

async function load() {
  let found;
  try {
    found = require(file);
  } catch (e) {
    if (e.code !== 'ERR_REQUIRE_ESM') throw e;
    found = await import(pathToFileURL(require.resolve(file)));
  }
  for (let i = 0; i < 2 && typeof found !== 'function' && found; i++) found = found.default;
  if (typeof found !== 'function') throw new Error(file + ' exports no function (inputs, args, logger)');
  return found;
}

async function main() {
  const plugin = await load();
  const inputs = {
    cwd: request.cwd,
    name: request.project.name,
    props: request.props,
    command: request.command,
    args: [],
    yaml: { path: request.project.file },
    resource: request.resource,
    outputs: {},
    getCredential,
    diffs: [],
    userAgent: 's',
  };
  if (request.output !== undefined) inputs.output = request.output;
  const result = await plugin(inputs, request.args, logger);
  say({ result: result === undefined ? null : result });
}

main().then(
  () => process.exit(0),
  (e) => {
    say({ error: (e && e.message) || String(e) });
    process.exit(FAILED);
  },
);
