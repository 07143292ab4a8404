'use strict'

// Called for every invocation: event is a Buffer, what the promise gives is the
// result. context knows the invocation and its function: context.requestId,
// context.function.name, context.region and others.
exports.handler = async (event, context) => {
  console.log(`request ${context.requestId}: ${event.length} bytes`)
  const data = event.length > 0 ? JSON.parse(event.toString()) : null
  const name = (data && data.name) || 'world'
  return { message: `hello ${name}`, event: data }
}
