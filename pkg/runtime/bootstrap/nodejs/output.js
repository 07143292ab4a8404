'use strict'
// The log of the function. Lines go out at once and in order, whatever the
// user's code does to streams: standard output and error are written like files.

const fs = require('fs')
const util = require('util')
const Writable = require('stream').Writable
const errors = require('./errors')

const OWN = __dirname + '/'

// User code may replace what is global.
const writeSync = fs.writeSync
const from = Buffer.from
const format = util.format
const Time = Date

const LEVELS = { error: 0, warn: 1, info: 2, verbose: 3, debug: 4, silly: 5 }

const closed = new Set() // descriptors that the function has closed

const state = {
  requestId: '', // of the latest invocation
  current: null, // gives the request id of the code that runs, if there are several at once
  plain: 'info', // the level of console.log
  limit: LEVELS.silly
}

// write writes all of it, waiting for the reader if it must.
function write (fd, data) {
  if (closed.has(fd)) return // it may be something else by now
  let offset = 0
  while (offset < data.length) {
    try {
      offset += writeSync(fd, data, offset, data.length - offset)
    } catch (err) {
      if (err.code !== 'EAGAIN') {
        closed.add(fd)
        return
      }
      pause()
    }
  }
}

// pause waits a moment, where that can be done.
function pause () {
  if (typeof SharedArrayBuffer === 'function' && typeof Atomics === 'object') {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)
  }
}

// line writes a line as it is.
function line (text) {
  write(1, from(text + '\n'))
}

// record writes a message with time, request id and level, as one line. Frames of
// this runtime in a stack say nothing to a user.
function record (level, requestId, text) {
  if (LEVELS[level] > state.limit) return
  if (text.indexOf(OWN) >= 0) text = text.split('\n').filter(line => !errors.ours(line)).join('\n')
  if (text.indexOf('\n') >= 0) text = text.replace(/\r?\n/g, '\r')
  line(new Time().toISOString() + ' ' + requestId + ' [' + level + '] ' + text)
}

// setLevel drops what is less important than level.
function setLevel (level) {
  if (Object.prototype.hasOwnProperty.call(LEVELS, level)) state.limit = LEVELS[level]
}

function requestId () {
  return (state.current && state.current()) || state.requestId
}

// logger makes context.logger of an invocation.
function logger (id) {
  const at = level => function () { record(level, id, format.apply(util, arguments)) }
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    // log(level, message, ...), or log(message, ...).
    log: function (level) {
      const args = Array.prototype.slice.call(arguments)
      const named = args.length > 1 && Object.prototype.hasOwnProperty.call(LEVELS, level)
      record(named ? args.shift() : state.plain, id, format.apply(util, args))
    },
    setLogLevel: setLevel
  }
}

// stream is process.stdout or process.stderr, which can't be destroyed.
function stream (fd) {
  const s = new Writable({
    write: (chunk, encoding, done) => {
      write(fd, chunk)
      done()
    }
  })
  s.fd = fd
  s._type = 'pipe'
  s._isStdio = true
  s.destroySoon = s.destroy = () => s
  return s
}

function replaceStream (name, fd) {
  let made = null
  Object.defineProperty(process, name, {
    configurable: true,
    enumerable: true,
    get: () => made || (made = stream(fd))
  })
}

// install makes standard streams and console those of the function.
function install () {
  setLevel(process.env.ALIYUN_FC_LOG_LEVEL)
  replaceStream('stdout', 1)
  replaceStream('stderr', 2)
  const at = level => function () {
    record(level || state.plain, requestId(), format.apply(util, arguments))
  }
  console.log = at('')
  console.info = at('info')
  console.warn = at('warn')
  console.error = at('error')
  console.debug = at('debug')
}

module.exports = { state, install, line, record, logger }
