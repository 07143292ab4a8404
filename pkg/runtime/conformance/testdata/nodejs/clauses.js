'use strict'
// The handlers that every language has (see clauses_test.go), in the language of
// Node.js 6.

const childProcess = require('child_process')
const crypto = require('crypto')
const fs = require('fs')
const path = require('path')

exports.echo = (event, context, callback) => callback(null, event)
exports.text = (event, context, callback) => callback(null, 'grüße 你好 😀')
exports.nothing = (event, context, callback) => callback()
exports.number = (event, context, callback) => callback(null, 42)
exports.boolean = (event, context, callback) => callback(null, true)
exports.document = (event, context, callback) => callback(null, { a: [1, 'two', null], b: { c: true }, d: 1.5, e: 'ü' })
exports.size = (event, context, callback) => callback(null, Buffer.alloc(Number(String(event)), 'x'))

let calls = 0
exports.count = (event, context, callback) => callback(null, String(++calls))

exports.temporary = (event, context, callback) => {
  const name = path.join(process.env.TMPDIR || '/tmp', 'kept')
  fs.appendFileSync(name, event)
  callback(null, fs.readFileSync(name))
}

exports.child = (event, context, callback) => {
  childProcess.execFile('echo', ['from a child'], (err, out) => callback(err, out.trim()))
}

let finished = false
exports.background = (event, context, callback) => {
  if (String(event) === 'start') {
    setTimeout(() => { finished = true }, 50)
    return callback(null, 'started')
  }
  const look = () => finished ? callback(null, 'done') : setTimeout(look, 1)
  look()
}

exports.fail = event => { throw new Error(String(event)) }

class Mine extends Error {
  constructor (message) {
    super(message)
    this.name = 'Mine'
  }
}

exports.fail_type = event => { throw new Mine(String(event)) }

function deeper (message) {
  throw new Error(message)
}

exports.fail_deep = event => deeper(String(event))

exports.fail_odd = (event, context, callback) => {
  if (Number(String(event)) % 2 === 1) throw new Error('odd')
  callback(null, 'fine')
}

function recurse () {
  return recurse() + 1
}

exports.recurse = (event, context, callback) => {
  callback(null, event.length > 0 ? recurse() : 'fine')
}

exports.unserialisable = (event, context, callback) => {
  const value = {}
  value.value = value
  callback(null, value)
}

exports.leave = event => {
  console.log('leaving')
  process.exit(Number(String(event)))
}

exports.signal_process = event => {
  process.kill(process.pid, 'SIG' + event)
  exports.sleep()
}

exports.sleep = () => { setTimeout(() => {}, 600000) }
exports.spin = () => { for (;;); }

exports.deaf = () => {
  process.on('SIGTERM', () => {})
  exports.sleep()
}

exports.allocate = (event, context, callback) => {
  const kept = []
  for (let i = 0; i < Number(String(event)); i++) kept.push(Buffer.alloc(1024 * 1024, crypto.randomBytes(1024)))
  callback(null, String(kept.length))
}

exports.orphan = (event, context, callback) => {
  callback(null, String(childProcess.spawn('sleep', ['600'], { detached: true, stdio: 'ignore' }).pid))
}

exports.context = (event, context, callback) => callback(null, {
  requestId: context.requestId,
  functionName: context.function.name,
  handler: context.function.handler,
  memory: context.function.memory,
  timeout: context.function.timeout,
  region: context.region,
  accountId: context.accountId,
  serviceName: context.service.name,
  qualifier: context.service.qualifier,
  versionId: context.service.versionId,
  accessKeyId: context.credentials.accessKeyId,
  accessKeySecret: context.credentials.accessKeySecret,
  securityToken: context.credentials.securityToken
})

exports.environment = (event, context, callback) => callback(null, process.env)

exports.places = (event, context, callback) => {
  let writable = true
  const file = path.join(__dirname, 'written')
  try {
    fs.writeFileSync(file, '')
    fs.unlinkSync(file)
  } catch (err) {
    writable = false
  }
  callback(null, { cwd: process.cwd(), here: fs.existsSync('clauses.js'), writable })
}

exports.layer_file = (event, context, callback) => callback(null, fs.readFileSync('/opt/file.txt', 'utf8').trim())
exports.layer_library = (event, context, callback) => callback(null, require('of_a_layer').text)
exports.layer_program = (event, context, callback) => callback(null, String(childProcess.execFileSync('of-a-layer')).trim())

let total = 0

exports.add_one = (context, callback) => {
  console.log('initializing')
  total += 1
  callback()
}

exports.add_two = (event, context, callback) => {
  total += 2
  callback(null, total)
}

exports.fail_to_initialize = () => { throw new Error('no database') }
exports.initialize_long = () => exports.sleep()
exports.initialize_exit = () => process.exit(1)

exports.stop_here = (context, callback) => {
  console.log('stopping after ' + calls)
  callback()
}

exports.stop_fails = (context, callback) => callback(new Error("can't stop"))

exports.print_all = (event, context, callback) => {
  console.log('to stdout')
  process.stderr.write('to stderr\n')
  console.log('你好 😀')
  process.stdout.write('no newline')
  callback()
}

exports.log = (event, context, callback) => {
  context.logger.info('an info')
  context.logger.warn('a warning')
  context.logger.error('an error')
  callback()
}

exports.print_long = (event, context, callback) => {
  console.log('x'.repeat(100000))
  callback()
}

exports.print_many = (event, context, callback) => {
  for (let n = 0; n < 2000; n++) process.stdout.write('line ' + n + '\n')
  callback()
}

exports.print_flood = (event, context, callback) => {
  const line = 'y'.repeat(1000) + '\n'
  for (let n = 0; n < 20000; n++) process.stdout.write(line)
  callback(null, 'survived')
}

let closed = false
exports.close_output = (event, context, callback) => {
  if (!closed) fs.closeSync(1)
  closed = true
  callback(null, 'fine')
}

let arrived = 0
exports.meet = (event, context, callback) => {
  arrived++
  const look = () => {
    if (arrived % 3 !== 0) return setTimeout(look, 1)
    context.logger.info('met ' + event)
    callback(null, event)
  }
  look()
}

exports.http = (req, resp) => {
  const parts = []
  req.on('data', part => parts.push(part))
  req.on('end', () => {
    resp.setStatusCode(201)
    resp.setHeader('Content-Type', 'text/plain')
    resp.setHeader('X-Answer', 'yes')
    resp.send([
      req.method, req.path, req.url.split('?')[1] || '', req.headers['x-mine'] || '', req.headers['content-type'] || '', Buffer.concat(parts)
    ].join('|'))
  })
}

exports.http_echo = (req, resp) => resp.send(req)
exports.http_fail = () => { throw new Error('no page') }
