'use strict'
// For Node.js 8 and later.

const sleep = ms => new Promise(resolve => setTimeout(resolve, ms))

exports.handler = async event => {
  await sleep(1)
  return { got: String(event) }
}

exports.nothing = async () => {}

exports.fail = async () => {
  await sleep(1)
  throw new Error('after a while')
}

exports.initialize = async context => {
  await sleep(1)
  global.ready = context.function.name
}

exports.ready = async () => global.ready
