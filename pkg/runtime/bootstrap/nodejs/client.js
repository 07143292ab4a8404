'use strict'
// A kept connection to the Runtime API: HTTP/1.1 over a plain socket, as little
// of it as the platform speaks. A result and the request for the next invocation
// leave in one write.

const net = require('net')

const BASE = '/2020-11-11/runtime/'
const EMPTY = Buffer.alloc(0)
const SMALL = 65536 // bytes of a result up to which it is joined with its head
const from = Buffer.from
const concat = Buffer.concat
const byteLength = Buffer.byteLength

class Client {
  // lost is called when the connection ends.
  constructor (address, lost) {
    const colon = address.lastIndexOf(':')
    this.common = 'Host: ' + address + '\r\nUser-Agent: s-nodejs/1\r\n'
    this.next = 'GET ' + BASE + 'invocation/next HTTP/1.1\r\n' + this.common + '\r\n'
    this.waiting = [] // who gets the answers, in the order of the requests
    this.head = null // of the answer that is being read
    this.rest = null // the beginning of a head
    this.parts = []
    this.missing = 0 // bytes of its body
    this.socket = net.connect(Number(address.slice(colon + 1)), address.slice(0, colon))
    this.socket.setNoDelay(true)
    this.socket.on('data', chunk => this.read(chunk))
    this.socket.on('error', lost)
    this.socket.on('close', lost)
  }

  // ask asks for the next invocation: done(status, headers, body).
  ask (done) {
    this.waiting.push(done)
    this.socket.write(this.next)
  }

  // wait asks for the function that a spare is to run: done(status, headers, body).
  wait (secret, done) {
    this.waiting.push(done)
    this.socket.write('GET ' + BASE + 'function/' + secret + ' HTTP/1.1\r\n' + this.common + '\r\n')
  }

  // post sends a result, {path, body, params, type}; if next is given, it asks
  // for the next invocation, too.
  post (result, done, next) {
    const body = result.body
    const text = typeof body === 'string'
    const length = text ? byteLength(body) : body.length
    const head = 'POST ' + BASE + result.path + ' HTTP/1.1\r\n' + this.common +
      'Content-Type: application/octet-stream\r\n' +
      (result.params ? 'x-fc-http-params: ' + result.params + '\r\n' : '') +
      (result.type ? 'x-fc-error-type: ' + result.type + '\r\n' : '') +
      'Content-Length: ' + length + '\r\n\r\n'
    const tail = next ? this.next : ''
    this.waiting.push(done)
    if (next) this.waiting.push(next)
    if (length > SMALL) {
      this.socket.write(head)
      this.socket.write(body)
      if (tail) this.socket.write(tail)
    } else if (text) {
      this.socket.write(head + body + tail)
    } else {
      this.socket.write(concat([from(head), body, from(tail)]))
    }
  }

  // read takes bytes as they come and gives whole answers away.
  read (chunk) {
    while (chunk !== null) {
      if (this.head === null) {
        if (this.rest !== null) {
          chunk = concat([this.rest, chunk])
          this.rest = null
        }
        const end = chunk.indexOf('\r\n\r\n')
        if (end < 0) {
          this.rest = chunk
          return
        }
        this.head = parse(chunk.toString('utf8', 0, end))
        this.missing = Number(this.head.headers['content-length']) || 0
        chunk = chunk.slice(end + 4)
      }
      if (chunk.length < this.missing) {
        if (chunk.length > 0) this.parts.push(chunk)
        this.missing -= chunk.length
        return
      }
      const rest = chunk.length > this.missing ? chunk.slice(this.missing) : null
      this.answer(rest === null ? chunk : chunk.slice(0, this.missing))
      chunk = rest
    }
  }

  // answer ends an answer with the last bytes of its body.
  answer (last) {
    const head = this.head
    let body = last
    if (this.parts.length > 0) {
      this.parts.push(last)
      body = concat(this.parts)
      this.parts = []
    }
    this.head = null
    this.missing = 0
    this.waiting.shift()(head.status, head.headers, body.length > 0 ? body : EMPTY)
  }
}

// parse reads the head of an answer.
function parse (text) {
  const lines = text.split('\r\n')
  const headers = {}
  for (let i = 1; i < lines.length; i++) {
    const line = lines[i]
    const colon = line.indexOf(':')
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim()
  }
  return { status: Number(lines[0].split(' ', 2)[1]), headers }
}

module.exports = Client
