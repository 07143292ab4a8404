'use strict'

const fs = require('node:fs')
const http = require('node:http')
const path = require('node:path')
const { WebSocketServer, WebSocket } = require('ws')

const page = fs.readFileSync(path.join(__dirname, 'index.html'))

const server = http.createServer((request, response) => {
  response.setHeader('Content-Type', 'text/html; charset=utf-8')
  response.end(page)
})

// What one client says goes to all of them.
const room = new WebSocketServer({ server })
room.on('connection', (client) => {
  client.on('message', (message) => {
    for (const other of room.clients) {
      if (other.readyState === WebSocket.OPEN) other.send(message.toString())
    }
  })
  client.on('error', console.error)
})

// Function Compute sends requests to the port that s.yaml names.
server.listen(Number(process.env.FC_SERVER_PORT || 9000), '0.0.0.0')
