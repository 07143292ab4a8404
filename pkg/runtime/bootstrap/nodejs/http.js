'use strict'
// Functions of FC 2.0 behind an HTTP trigger: (req, resp, context).

const Readable = require('stream').Readable

const parse = JSON.parse
const stringify = JSON.stringify

// request makes req: a stream of the body that knows the request.
function request (params, body) {
  const req = new Readable({ read () {} })
  if (body.length > 0) req.push(body)
  req.push(null)
  req.body = body
  req.method = params.method || 'GET'
  req.path = params.path || '/'
  req.url = params.requestURI || req.path
  req.clientIP = params.clientIP || ''
  req.headers = {}
  if (params.host) req.headers.host = params.host
  const headers = params.headersMap || {}
  for (const name of Object.keys(headers)) req.headers[name.toLowerCase()] = headers[name].join(',')
  req.queries = {}
  const queries = params.queriesMap || {}
  for (const name of Object.keys(queries)) {
    req.queries[name] = queries[name].length === 1 ? queries[name][0] : queries[name]
  }
  return req
}

// Response is resp.
class Response {
  // done(err, body, params) gets what is sent.
  constructor (done) {
    this.statusCode = 200
    this.headers = {}
    Object.defineProperty(this, 'done', { value: done })
  }

  setStatusCode (code) {
    const status = Number(code)
    if (!(status >= 100 && status <= 999 && status % 1 === 0)) throw new RangeError('not an HTTP status: ' + String(code))
    this.statusCode = status
  }

  setHeader (name, value) {
    this.deleteHeader(name)
    this.headers[name] = value
  }

  deleteHeader (name) {
    const lower = String(name).toLowerCase()
    for (const key of Object.keys(this.headers)) {
      if (key.toLowerCase() === lower) delete this.headers[key]
    }
  }

  send (body) {
    if (body === undefined || body === null) {
      this.finish('')
    } else if (typeof body === 'string' || Buffer.isBuffer(body)) {
      this.finish(body)
    } else if (body instanceof Uint8Array) {
      this.finish(Buffer.from(body.buffer, body.byteOffset, body.byteLength))
    } else if (typeof body.pipe === 'function' && typeof body.on === 'function') {
      this.collect(body)
    } else {
      throw new TypeError('resp.send takes a string, a Buffer or a stream.Readable')
    }
  }

  // collect sends what a stream gives.
  collect (body) {
    const parts = []
    body.on('data', part => parts.push(Buffer.isBuffer(part) ? part : Buffer.from(part)))
    body.on('end', () => this.finish(Buffer.concat(parts)))
    body.on('error', err => this.done(err))
  }

  finish (body) {
    const headersMap = {}
    for (const name of Object.keys(this.headers)) headersMap[name] = [].concat(this.headers[name]).map(String)
    const answer = stringify({ status: Number(this.statusCode), headersMap })
    this.done(null, body, Buffer.from(answer).toString('base64'))
  }
}

// call runs a handler with the request that encoded and body describe.
function call (fn, encoded, body, context, done) {
  const params = parse(Buffer.from(encoded, 'base64').toString())
  const result = fn(request(params, body), new Response(done), context)
  if (result && typeof result.then === 'function') result.then(null, err => done(err))
}

module.exports = call
