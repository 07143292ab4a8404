'use strict'
// Finds the place of a syntax error in ES modules, which Node.js keeps from
// who imports them and tells only a process that ends by it. So this is one,
// for a file and what it imports: nothing of them runs. It wants the file, the
// code's root and --experimental-vm-modules.

const fs = require('fs')
const path = require('path')
const vm = require('vm')
const isModule = require('./load').isModule

const MAX_FILES = 500

// importsOf gives the files of the code that a module imports.
function importsOf (file) {
  const module = new vm.SourceTextModule(fs.readFileSync(file, 'utf8'), { identifier: file })
  return module.dependencySpecifiers.filter(name => /^\.{0,2}\//.test(name))
    .map(name => path.resolve(path.dirname(file), name))
}

const seen = new Set([process.argv[2]])
for (const file of seen) {
  for (const name of importsOf(file)) {
    if (seen.size < MAX_FILES && isModule(name, process.argv[3])) seen.add(name)
  }
}
