'use strict'
// Finds the function that a handler "folder/file.function" names.

const fs = require('fs')
const path = require('path')
const LoadError = require('./errors').LoadError

// The first version whose ES modules need no flag.
const MODULES_SINCE = 14

function isFile (name) {
  try {
    return fs.statSync(name).isFile()
  } catch (err) {
    return false
  }
}

// isModulePackage reports whether the nearest package.json from a folder up to
// the code's root says that .js files are ES modules.
function isModulePackage (folder, root) {
  for (;;) {
    const name = path.join(folder, 'package.json')
    if (isFile(name)) {
      try {
        return JSON.parse(fs.readFileSync(name, 'utf8')).type === 'module'
      } catch (err) {
        return false // Node.js says what is wrong with it
      }
    }
    if (folder === root || folder === path.dirname(folder)) return false
    folder = path.dirname(folder)
  }
}

// isModule reports whether a file is there and is an ES module.
function isModule (file, root) {
  const type = path.extname(file)
  return (type === '.mjs' || (type === '.js' && isModulePackage(path.dirname(file), root))) && isFile(file)
}

// locate gives the file of a module and whether it is an ES module.
function locate (base, root) {
  if (isFile(base + '.js')) {
    return { file: base + '.js', module: isModulePackage(path.dirname(base), root) }
  }
  if (isFile(base + '.mjs')) return { file: base + '.mjs', module: true }
  if (isFile(base + '.cjs')) return { file: base + '.cjs', module: false }
  return { file: base, module: false }
}

// explain tells why a module can't be loaded.
function explain (err) {
  if (err instanceof SyntaxError) return new LoadError('UserCodeSyntaxError', err)
  const code = err && err.code
  if (code === 'MODULE_NOT_FOUND' || code === 'ERR_MODULE_NOT_FOUND') return new LoadError('ImportModuleError', err)
  return err
}

// explainModule tells it of an ES module.
function explainModule (err, file, root) {
  if (err instanceof SyntaxError && !/^\S+:\d+\n/.test(err.stack)) {
    const place = placeOfSyntaxError(file, root)
    if (place) err.stack = place + '\n\n' + err.stack
  }
  return explain(err)
}

// placeOfSyntaxError gives file and line of it, with that line and a mark below
// it if it has text; '' if they can't be found.
function placeOfSyntaxError (file, root) {
  const env = Object.assign({}, process.env)
  delete env.NODE_OPTIONS // may load code, or wait for a debugger
  const args = ['--no-warnings', '--experimental-vm-modules', path.join(__dirname, 'syntax.js'), file, root]
  const told = require('child_process').spawnSync(process.execPath, args, { env, encoding: 'utf8', timeout: 5000 })
  const found = /^(\/.*:\d+\n[^]*?)\s*\nSyntaxError/.exec(told.stderr || '')
  return found ? found[1] : ''
}

// pick takes the function out of what a module exports.
function pick (exported, name, module) {
  const found = exported === undefined || exported === null ? undefined : exported[name]
  if (typeof found === 'function') return found
  throw new LoadError('HandlerNotFound', "Handler '" + name + "' is missing on module '" + module + "'")
}

// load finds a handler: done(err, function), at once unless it is in an ES
// module.
function load (root, handler, done) {
  const dot = handler.lastIndexOf('.')
  const module = handler.slice(0, dot)
  const name = handler.slice(dot + 1)
  if (dot <= 0 || module.endsWith('/') || !name || name.indexOf('/') >= 0) {
    done(new LoadError('InvalidHandleName', "Invalid handler '" + handler + "'"))
    return
  }
  const found = locate(path.join(root, module), root)
  if (found.module) {
    loadModule(found.file, root, name, module, done)
    return
  }
  let fn
  try {
    fn = pick(require(found.file), name, module)
  } catch (err) {
    done(explain(err))
    return
  }
  done(null, fn)
}

function loadModule (file, root, name, module, done) {
  const major = parseInt(process.versions.node, 10)
  if (major < MODULES_SINCE) {
    done(new LoadError('ImportModuleError', "'" + path.basename(file) + "' is an ES module, which Node.js " +
      process.versions.node + ' has no support for; use nodejs' + MODULES_SINCE + ' or newer'))
    return
  }
  // Old versions can't even read a file with import() in it.
  require('./import.js')(require('url').pathToFileURL(file).href).then(
    exported => pick(exported, name, module)
  ).then(fn => done(null, fn), err => done(explainModule(err, file, root)))
}

module.exports = load
module.exports.isModule = isModule
