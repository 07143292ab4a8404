'use strict'
// Words errors for the caller and for the log: with the user's frames alone.

const inspect = require('util').inspect
const stringify = JSON.stringify
const MAX_LINES = 64 // of a stackTrace
const MAX_REASONS = 16 // of an error, in the log

// LoadError is a handler that can't be loaded.
class LoadError {
  // error is why, if it isn't text alone.
  constructor (type, error) {
    this.type = type
    this.error = error
  }
}

function isError (value) {
  return value instanceof Error || Object.prototype.toString.call(value) === '[object Error]'
}

// read gives a property as text, whatever the object does.
function read (object, name) {
  try {
    const value = object[name]
    return value === undefined || value === null ? '' : String(value)
  } catch (err) {
    return ''
  }
}

function show (value) {
  try {
    const text = typeof value === 'string' ? value : stringify(value)
    return text === undefined ? String(value) : text
  } catch (err) {
    return shown(value)
  }
}

// shown gives what can't be JSON, as a console shows it.
function shown (value) {
  try {
    return inspect(value)
  } catch (err) {
    return String(err)
  }
}

// placeOf gives where a frame in a line of a stack is; '' if it is none.
function placeOf (line) {
  const frame = /^\s+at (?:async )?(?:.*\()?(.*?)\)?$/.exec(line)
  return frame ? frame[1].replace(/^file:\/\//, '') : ''
}

// ours reports whether a line of a stack is a frame of this runtime.
function ours (line) {
  return placeOf(line).startsWith(__dirname + '/')
}

// internal reports whether a line of a stack is a frame of this runtime or of
// Node.js itself.
function internal (line) {
  return ours(line) || /^(?:node:|internal\/|\w+\.js:\d)/.test(placeOf(line))
}

// withoutUs removes the files of this runtime from the list of who required what.
function withoutUs (text) {
  if (text.indexOf('\nRequire stack:') < 0) return text
  const lines = text.split('\n').filter(line => !line.startsWith('- ' + __dirname + '/'))
  return lines.filter((line, i) => line !== 'Require stack:' || /^- /.test(lines[i + 1] || '')).join('\n')
}

// describe gives type, message and the lines of the stack.
function describe (value, handled) {
  let type = ''
  if (value instanceof LoadError) {
    type = value.type
    value = value.error
    if (!isError(value)) return { type, message: String(value), lines: [] }
  }
  if (!isError(value)) {
    return { type: handled ? 'FunctionHandledError' : 'FunctionUnhandledError', message: show(value), lines: [] }
  }
  const name = read(value, 'name') || 'Error'
  const message = withoutUs(read(value, 'message'))
  let lines = withoutUs(read(value, 'stack') || name + ': ' + message).split('\n').filter(line => !internal(line))
  if (lines.length > MAX_LINES) {
    const left = lines.length - MAX_LINES
    lines = lines.slice(0, MAX_LINES / 2).concat('    ... ' + left + ' lines ...', lines.slice(-MAX_LINES / 2))
  }
  return { type: type || name, message, lines }
}

// reasons gives the errors that led to one, by its cause and as parts of it,
// for the log: the document has no place for them.
function reasons (value) {
  if (value instanceof LoadError) value = value.error
  const found = []
  const visit = (error, label) => {
    if (error === value || found.length === MAX_REASONS || found.some(one => one.error === error)) return
    const told = describe(error, false)
    found.push({ error, text: label + (told.lines.length > 0 ? told.lines.join('\n') : told.message) })
    follow(error)
  }
  const follow = error => {
    if (!isError(error)) return
    for (const part of partsOf(error)) visit(part.error, part.label)
  }
  follow(value)
  return found.map(one => one.text)
}

function partsOf (error) {
  try {
    const errors = Array.isArray(error.errors) ? error.errors.filter(isError) : []
    const parts = errors.map(one => ({ error: one, label: 'One of: ' }))
    return error.cause === undefined ? parts : parts.concat({ error: error.cause, label: 'Caused by: ' })
  } catch (err) {
    return []
  }
}

// document is what the caller gets.
function document (found) {
  const doc = { errorMessage: found.message, errorType: found.type }
  if (found.lines.length > 0) doc.stackTrace = found.lines
  return stringify(doc)
}

module.exports = { LoadError, describe, document, ours, reasons }
