'use strict'

const express = require('express')

const app = express()
app.use(express.text({ type: () => true }))

// Answers with what the request was.
app.use((request, response) => {
  console.log(`${request.get('x-fc-request-id')} ${request.method} ${request.path}`)
  response.json({
    message: 'hello world',
    method: request.method,
    path: request.path,
    query: request.query,
    body: typeof request.body === 'string' ? request.body : ''
  })
})

// Function Compute sends requests to the port that s.yaml names, and keeps its
// connections for 15 minutes.
const server = app.listen(Number(process.env.FC_SERVER_PORT || 9000), '0.0.0.0')
server.keepAliveTimeout = 900 * 1000
server.timeout = 0
