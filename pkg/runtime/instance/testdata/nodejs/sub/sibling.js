module.exports = 'sibling'
