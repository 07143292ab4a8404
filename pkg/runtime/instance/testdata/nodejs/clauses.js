'use strict'
// Handlers of the contract's clauses, in the language of Node.js 6.

const fs = require('fs')
const path = require('path')

exports.echo = (event, context, callback) => callback(null, event)
exports.eventType = (event, context, callback) => callback(null, String(Buffer.isBuffer(event)))
exports.text = (event, context, callback) => callback(null, 'grüße 你好')
exports.nothing = (event, context, callback) => callback(null, null)
exports.noValue = (event, context, callback) => callback()
exports.empty = (event, context, callback) => callback(null, '')
exports.number = (event, context, callback) => callback(null, 42.5)
exports.yes = (event, context, callback) => callback(null, true)
exports.func = (event, context, callback) => callback(null, () => 1)
exports.surrogate = (event, context, callback) => callback(null, 'a\ud800b')
exports.raw = (event, context, callback) => callback(null, Buffer.from(Array.from({ length: 256 }, (_, i) => i)))
exports.document = (event, context, callback) => callback(null, { b: 1, a: [true, null], c: { x: 'ü' } })
exports.toJSON = (event, context, callback) => callback(null, { toJSON () { return undefined } })
exports.big = (event, context, callback) => callback(null, Buffer.alloc(Number(event.toString()), 'x'))
exports.bigText = (event, context, callback) => callback(null, 'ü'.repeat(Number(event.toString()) / 2))
exports.promise = event => Promise.resolve(event)
exports.thenable = () => ({ then (resolve) { resolve('like a promise') } })
exports.later = (event, context, callback) => { setTimeout(() => callback(null, 'later'), 5) }

exports.twice = (event, context, callback) => {
  callback(null, 'first')
  callback(null, 'second')
  callback(new Error('third'))
  console.log('after the callback')
}

exports.both = (event, context, callback) => {
  callback(null, 'of the callback')
  return Promise.resolve('of the promise')
}

exports.child = (event, context, callback) => {
  require('child_process').execFile('echo', ['from a child'], (err, out) => callback(err, out))
}

// Errors.

exports.handled = (event, context, callback) => callback(new Error('handled: ' + event))
exports.handledText = (event, context, callback) => callback('only text')
exports.handledObject = (event, context, callback) => callback({ code: 7 })
exports.fail = event => { throw new TypeError('wrong: ' + event) }
exports.failText = () => { throw 'only text' } // eslint-disable-line no-throw-literal
exports.reject = () => Promise.reject(new RangeError('rejected'))
exports.rejectNothing = () => Promise.reject() // eslint-disable-line prefer-promise-reject-errors
exports.recursion = () => exports.recursion() + 1

exports.circular = (event, context, callback) => {
  const value = {}
  value.value = value
  callback(null, value)
}

exports.failCircular = () => {
  const value = { name: 'round' }
  value.value = value
  throw value
}

exports.failReason = () => {
  const first = new RangeError('the first')
  const parts = [new TypeError('one part'), new Error('another')]
  const err = Object.assign(new Error('the last'), { cause: first, errors: parts })
  first.cause = err
  throw err
}

exports.nasty = () => {
  const no = { get () { throw new Error('no') } }
  throw Object.create(Error.prototype, { name: no, message: no, stack: no })
}

exports.failDeep = () => { helper() }

function helper () {
  [1].forEach(() => { throw new Error('deep') })
}

exports.uncaught = (event, context, callback) => {
  if (String(event) === 'ok') return callback(null, 'still here')
  setTimeout(() => { throw new Error('in a timer') }, 1)
}

exports.uncaughtAfter = (event, context, callback) => {
  setTimeout(() => { throw new Error('afterwards') }, 1)
  callback(null, 'fine')
}

exports.unhandled = () => {
  Promise.reject(new Error('nobody waits'))
}

// Ends.

exports.exit = () => {
  console.log('leaving')
  process.exit(3)
}

exports.abort = () => process.abort()
exports.never = () => { process.on('beforeExit', () => process.stdout.write('nothing left to do\n')) }
exports.loop = () => { for (;;); }
exports.hook = () => {
  process.on('exit', code => process.stdout.write('exit listener: ' + code + '\n'))
  setTimeout(() => {}, 60000)
}
exports.stubborn = () => {
  process.on('SIGTERM', () => process.stdout.write('ignoring\n'))
  console.log('ready')
  setTimeout(() => {}, 60000)
}

// The loop.

let left = 0
exports.waits = (event, context, callback) => {
  global.FCWaitForEmptyEventLoop = String(event) === 'wait'
  const before = left
  left++
  setTimeout(() => { left-- }, 50)
  callback(null, String(before))
}

exports.patched = (event, context, callback) => {
  JSON.stringify = () => 'patched'
  process.nextTick = () => {}
  Date.prototype.toISOString = () => 'never'
  fs.writeSync = () => { throw new Error('no file') }
  Buffer.byteLength = () => 1
  global.Date = function () {}
  callback(null, { still: 'right' })
}

exports.closed = (event, context, callback) => {
  try {
    fs.closeSync(1)
    fs.closeSync(2)
  } catch (err) {} // the second time
  callback(null, 'closed')
}

let met = 0
exports.together = (event, context, callback) => {
  console.log('mark ' + context.requestId)
  context.logger.info('of the logger')
  met++
  const look = () => {
    if (met < 2) return setTimeout(look, 1)
    console.log('two\nlines')
    callback(null, context.requestId)
  }
  look()
}

exports.togetherFails = (() => {
  let count = 0
  return (event, context, callback) => {
    if (++count === 2) setTimeout(() => { throw new Error('of the second') }, 5)
    else setTimeout(() => callback(null, 'of the first'), 50)
  }
})()

// Surroundings.

exports.context = (event, context, callback) => {
  const copy = JSON.parse(JSON.stringify(context))
  copy.methods = Object.keys(context.logger).sort()
  callback(null, copy)
}

exports.environment = (event, context, callback) => {
  const env = process.env
  callback(null, {
    reserved: Object.keys(env).filter(name => /^_?FC_/.test(name)).sort(),
    mine: env.MINE,
    nodePath: env.NODE_PATH,
    key: env.ALIBABA_CLOUD_ACCESS_KEY_ID,
    cwd: fs.realpathSync(process.cwd()) === fs.realpathSync(__dirname),
    flags: process.execArgv,
    gc: typeof global.gc
  })
}

exports.runtime = (event, context, callback) => callback(null, process.versions.node)

exports.layer = (event, context, callback) => callback(null, require('in-a-layer') + ', ' + require('for-one-version'))

exports.wrapped = (event, context, callback) => callback(null, process.env.WRAPPED)

let count = 0
exports.initialize = (context, callback) => {
  count += 1
  console.log('initializing for ' + context.requestId)
  callback(null, 'no result')
}
exports.addTwo = (event, context, callback) => {
  count += 2
  callback(null, count)
}
exports.failToInitialize = (context, callback) => callback(new Error('no database'))
exports.initializeLong = () => { setTimeout(() => {}, 60000) }
exports.preStop = (context, callback) => {
  context.logger.warn('stopping')
  callback()
}

// Logs.

exports.logs = (event, context, callback) => {
  process.stdout.write('as it is\n')
  console.log('%s is %d', 'one', 1, { a: 1 })
  console.info('info')
  console.warn('warn')
  console.error('error')
  console.debug('debug')
  context.logger.info('of the logger')
  context.logger.log('warn', 'with a level')
  context.logger.log('without a level')
  console.log('first\nsecond')
  process.stderr.write('to stderr\n')
  callback(null, '')
}

exports.levels = (event, context, callback) => {
  context.logger.setLogLevel('warn')
  console.info('too low')
  context.logger.setLogLevel('nonsense')
  console.warn('high enough')
  process.stdout.write('no level\n')
  context.logger.setLogLevel('silly')
  callback()
}

exports.unfinished = (event, context, callback) => {
  process.stdout.write('no newline')
  callback()
}

exports.flood = (event, context, callback) => {
  const line = 'x'.repeat(1000) + '\n'
  for (let i = 0; i < 20000; i++) process.stdout.write(line)
  console.log('the end')
  callback(null, 'survived')
}

exports.trace = (event, context, callback) => {
  console.trace('who calls')
  console.error(new Error('shown'))
  console.group && console.group('group')
  callback(null, path.basename(__filename))
}
