'use strict'
// Calls the user's handlers and words what they gave.

const errors = require('./errors')
const load = require('./load')
const output = require('./output')

// User code may replace what is global.
const nextTick = process.nextTick
const stringify = JSON.stringify
const isBuffer = Buffer.isBuffer

const KINDS = { 0: 'Invoke', 1: 'Initialize', 2: 'PreStop', 3: 'PreFreeze' }
const HANDLED = 'HandledInvocationError'
const UNHANDLED = 'UnhandledInvocationError'

// Call is one invocation. The first completion counts.
class Call {
  // post({path, body, params, type}) gets the result.
  constructor (headers, post) {
    this.requestId = headers['x-fc-request-id'] || ''
    this.kind = KINDS[headers['x-fc-function-type']] || KINDS[0]
    this.service = headers['x-fc-service-name'] || ''
    this.post = post
    this.ended = false
  }

  succeed (value) {
    if (this.ended) return
    let body = ''
    try {
      if (this.kind === KINDS[0]) body = encode(value)
    } catch (err) {
      this.fail(err, false)
      return
    }
    this.end('response', body, '', '')
  }

  // fail ends it with an error: handled if the function gave it to the callback.
  fail (err, handled) {
    if (this.ended) return
    const found = errors.describe(err, handled)
    let text = found.lines.length > 0 ? found.lines.join('\n') : found.message
    if (!handled && this.service && !(err instanceof errors.LoadError)) {
      // FC 2.0 says of what wasn't caught that it wasn't (documentation, error
      // handling of Node.js); FC 3.0 doesn't.
      if (found.type !== 'FunctionUnhandledError') found.type = 'FunctionUnhandledError: ' + found.type
      text = 'FunctionUnhandledError: ' + text
    }
    output.record('error', this.requestId, [text].concat(errors.reasons(err)).join('\n'))
    this.end('error', errors.document(found), '', handled ? HANDLED : UNHANDLED)
  }

  end (way, body, params, type) {
    if (this.ended) return
    this.ended = true
    // What the function still does in this turn of the loop is its own.
    nextTick(() => {
      const suffix = type === '' ? '' : type === HANDLED ? ', Error: Handled function error' : ', Error: Unhandled function error'
      output.line('FC ' + this.kind + ' End RequestId: ' + this.requestId + suffix)
      this.post({ path: 'invocation/' + this.requestId + '/' + way, body, params, type })
    })
  }
}

// encode gives a result as text or bytes.
function encode (value) {
  if (value === undefined || value === null) return ''
  if (typeof value === 'string' || isBuffer(value)) return value
  if (typeof value === 'function') return String(value.constructor)
  if (typeof value !== 'object') return String(value)
  const text = stringify(value)
  return text === undefined ? '' : text
}

// contextOf makes what a handler is told about its invocation.
function contextOf (headers) {
  const get = name => headers['x-fc-' + name] || ''
  const baggages = get('tracing-opentracing-span-baggages')
  return {
    requestId: get('request-id'),
    credentials: {
      accessKeyId: get('access-key-id'),
      accessKeySecret: get('access-key-secret'),
      securityToken: get('security-token')
    },
    function: {
      name: get('function-name'),
      handler: get('function-handler'),
      memory: Number(get('function-memory')),
      timeout: Number(get('function-timeout'))
    },
    service: {
      name: get('service-name'),
      logProject: get('service-logproject'),
      logStore: get('service-logstore'),
      qualifier: get('qualifier'),
      versionId: get('version-id')
    },
    region: get('region'),
    accountId: get('account-id'),
    retryCount: Number(get('retry-count')),
    tracing: {
      spanContext: get('tracing-opentracing-span-context'),
      jaegerEndpoint: get('tracing-jaeger-endpoint'),
      spanBaggages: baggages ? JSON.parse(Buffer.from(baggages, 'base64').toString()) : {}
    },
    logger: output.logger(get('request-id'))
  }
}

class Runtime {
  constructor (code) {
    this.code = code
    this.handlers = new Map()
    this.latest = null
    this.store = null // knows whose code runs, if there are several calls at once
  }

  // share prepares for several calls at once.
  share () {
    const major = parseInt(process.versions.node, 10)
    const AsyncLocalStorage = major < 12 ? undefined : require('async_hooks').AsyncLocalStorage
    if (!AsyncLocalStorage) return // before Node.js 12.17: the latest is as good as any
    this.store = new AsyncLocalStorage()
    output.state.current = () => {
      const call = this.store.getStore()
      return call && call.requestId
    }
  }

  // run runs an invocation and gives its result to post.
  run (headers, event, post) {
    const call = new Call(headers, post)
    this.latest = call
    output.state.requestId = call.requestId
    output.state.plain = call.service ? 'silly' : 'info'
    output.line('FC ' + call.kind + ' Start RequestId: ' + call.requestId)
    if (this.store) {
      this.store.run(call, () => this.start(call, headers, event))
    } else {
      this.start(call, headers, event)
    }
  }

  start (call, headers, event) {
    const handler = headers['x-fc-function-handler'] || ''
    const known = this.handlers.get(handler)
    if (known) {
      this.invoke(call, known, headers, event)
      return
    }
    load(this.code, handler, (err, fn) => {
      if (err) {
        call.fail(err, false)
        return
      }
      this.handlers.set(handler, fn)
      this.invoke(call, fn, headers, event)
    })
  }

  invoke (call, fn, headers, event) {
    const callback = (err, value) => err ? call.fail(err, true) : call.succeed(value)
    try {
      const context = contextOf(headers)
      let result
      if (call.kind !== KINDS[0]) {
        result = fn(context, callback)
      } else if (headers['x-fc-http-params']) {
        require('./http')(fn, headers['x-fc-http-params'], event, context, (err, body, params) => {
          if (err) call.fail(err, false)
          else call.end('response', body, params, '')
        })
      } else {
        result = fn(event, context, callback)
      }
      if (result && typeof result.then === 'function') {
        result.then(value => call.succeed(value), err => call.fail(err, false))
      }
    } catch (err) {
      call.fail(err, false)
    }
  }

  // uncaught takes an exception that nobody caught. It reports whether an
  // invocation ended with it.
  uncaught (err) {
    const call = (this.store && this.store.getStore()) || this.latest
    if (call === null) return false
    if (call.ended) {
      output.record('error', call.requestId, errors.describe(err, false).lines.join('\n') || String(err))
    } else {
      call.fail(err, false)
    }
    return true
  }
}

module.exports = Runtime
