global.times = (global.times || 0) + 1
if (global.times === 1) throw new Error('first time')
exports.handler = (event, context, callback) => callback(null, 'second time')
