'use strict'
// In a file of its own, because Node.js before 10 can't parse it.
module.exports = url => import(url)
