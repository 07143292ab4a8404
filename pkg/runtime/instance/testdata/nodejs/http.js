'use strict'

const Readable = require('stream').Readable

exports.show = (req, resp, context) => {
  const parts = []
  req.on('data', part => parts.push(part))
  req.on('end', () => {
    resp.setStatusCode(201)
    resp.setHeader('Content-Type', 'application/json')
    resp.setHeader('X-Gone', '1')
    resp.deleteHeader('x-gone')
    resp.setHeader('set-cookie', ['a=1', 'b=2'])
    resp.send(JSON.stringify({
      method: req.method,
      path: req.path,
      url: req.url,
      queries: req.queries,
      headers: req.headers,
      clientIP: req.clientIP,
      stream: Buffer.concat(parts).toString(),
      body: req.body.toString(),
      requestId: context.requestId
    }))
  })
}

exports.buffer = (req, resp) => resp.send(Buffer.from([0, 255]))
exports.nothing = (req, resp) => resp.send()
exports.bytes = (req, resp) => resp.send(new Uint8Array([104, 105]))

exports.stream = (req, resp) => {
  const parts = ['first ', Buffer.from('second')]
  resp.send(new Readable({
    read () { this.push(parts.length > 0 ? parts.shift() : null) }
  }))
}

exports.brokenStream = (req, resp) => {
  resp.send(new Readable({
    read () { this.emit('error', new Error('no more')) }
  }))
}

exports.fails = () => { throw new Error('in http') }
exports.rejects = () => Promise.reject(new Error('rejected'))
exports.wrongStatus = (req, resp) => {
  resp.setStatusCode('abc')
  resp.send('x')
}

exports.wrongBody = (req, resp) => resp.send(42)
exports.promised = (req, resp) => Promise.resolve().then(() => resp.send('in time'))
