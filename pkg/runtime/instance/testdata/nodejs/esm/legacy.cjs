exports.handler = async () => typeof require
