'use strict'
// The language runtime for Node.js 6 and later, in the language of Node.js 6.
//
// It asks the Runtime API (FC_RUNTIME_API) for the next invocation, calls the
// user's handler and posts the result, again and again.

const Client = require('./client')
const errors = require('./errors')
const output = require('./output')
const Runtime = require('./runtime')

const INIT_ERROR = 129
const SIGTERM_ERROR = 143

// What user code may see of FC_*; the rest is between platform and runtime.
const SAFE = new Set([
  'FC_FUNC_CODE_PATH', 'FC_FUNCTION_MEMORY_SIZE', 'FC_RUNTIME_VERSION', 'FC_ACCOUNT_ID',
  'FC_FUNCTION_HANDLER', 'FC_FUNCTION_NAME', 'FC_SERVICE_NAME', 'FC_VER_ID', 'FC_FUNCTION_VERSION',
  'FC_QUALIFIER', 'FC_REGION', 'FC_INSTANCE_ID'])

const exit = process.exit

// lost ends the process when the platform has gone.
function lost () {
  exit.call(process, 1)
}

function posted (status, headers, body) {
  if (status !== 200) output.line('the platform refused the result: ' + body.toString())
}

// accepted is false, and the process ends, if next wasn't answered as it is to be.
function accepted (status) {
  if (status === 200) return true
  output.line('the Runtime API answered ' + status + ' to next')
  lost()
  return false
}

// serve runs one invocation after the other. While one runs, the connection
// doesn't keep the event loop alive, so that beforeExit tells when the function
// has nothing left to do.
function serve (client, runtime) {
  const socket = client.socket
  let emptying = false // the result is posted; the next invocation waits for the loop

  function take (status, headers, event) {
    if (!accepted(status)) return
    socket.unref()
    runtime.run(headers, event, result => {
      socket.ref()
      if (!global.FCWaitForEmptyEventLoop) {
        client.post(result, posted, take)
        return
      }
      client.post(result, (status, headers, body) => {
        posted(status, headers, body)
        emptying = true
        socket.unref()
      })
    })
  }

  process.on('beforeExit', () => {
    socket.ref()
    if (!emptying) return // nothing can end the invocation any more but its timeout
    emptying = false
    client.ask(take)
  })
  client.ask(take)
}

// serveMany runs as many invocations at once as the platform gives out.
function serveMany (client, runtime, address) {
  const poster = new Client(address, lost)
  runtime.share()
  function take (status, headers, event) {
    if (!accepted(status)) return
    client.ask(take)
    runtime.run(headers, event, result => poster.post(result, posted))
  }
  client.ask(take)
}

// prepare settles the environment and gives the folder of the code.
function prepare () {
  for (const name of Object.keys(process.env)) {
    if ((name.startsWith('FC_') && !SAFE.has(name)) || name.startsWith('_FC_')) delete process.env[name]
  }
  return (process.env.FC_FUNC_CODE_PATH || '/code/').replace(/\/+$/, '') || '/'
}

function watch (runtime) {
  process.on('uncaughtException', err => {
    if (runtime.uncaught(err)) return
    output.line(errors.describe(err, false).lines.join('\n'))
    exit.call(process, INIT_ERROR)
  })
  // The platform ends a function that takes too long with SIGTERM.
  process.on('SIGTERM', () => {
    if (process.listenerCount('SIGTERM') === 1) exit.call(process, SIGTERM_ERROR)
  })
}

// take makes the environment of the function that a spare has got its own, and
// goes to its code, which is mounted there now.
function take (pairs) {
  for (const name of Object.keys(process.env)) delete process.env[name]
  for (const pair of pairs.toString().split('\0')) {
    const equals = pair.indexOf('=')
    process.env[pair.slice(0, equals)] = pair.slice(equals + 1)
  }
  process.chdir(process.env.FC_FUNC_CODE_PATH)
}

function main () {
  const address = process.env.FC_RUNTIME_API || '127.0.0.1:19001'
  const client = new Client(address, lost)
  const spare = process.env._FC_SPARE
  if (!spare) {
    begin(client, address)
    return
  }
  client.wait(spare, (status, headers, pairs) => {
    if (status !== 200) lost()
    take(pairs)
    begin(client, address)
  })
}

function begin (client, address) {
  const many = process.env.FC_ENABLE_CONCURRENT_INVOKE === 'true'
  let runtime
  try {
    runtime = new Runtime(prepare())
    output.install()
    watch(runtime)
    output.line('FunctionCompute nodejs runtime inited.')
  } catch (err) {
    const body = errors.document(errors.describe(err, false))
    client.post({ path: 'init/error', body }, () => exit.call(process, INIT_ERROR))
    return
  }
  if (many) serveMany(client, runtime, address)
  else serve(client, runtime)
}

main()
