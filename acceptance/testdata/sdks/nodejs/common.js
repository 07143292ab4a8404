// What the scripts share: where the cloud is, zips of one file, how to wait.
'use strict';
const zlib = require('node:zlib');

exports.env = {
  endpoint: process.env.FC_ENDPOINT,
  host: process.env.FC_ENDPOINT.split('//')[1],
  account: process.env.FC_ACCOUNT_ID,
  region: process.env.FC_REGION,
  key: process.env.ALIBABA_CLOUD_ACCESS_KEY_ID,
  secret: process.env.ALIBABA_CLOUD_ACCESS_KEY_SECRET,
};

// zip is an archive with one stored file, as base64.
exports.zip = (name, content) => {
  const data = Buffer.from(content);
  const file = Buffer.from(name);
  const fields = Buffer.alloc(26); // what both headers share, from "version needed" on
  fields.writeUInt16LE(20, 0);
  fields.writeUInt16LE(33, 8); // 1 January 1980
  fields.writeUInt32LE(crc32(data), 10);
  fields.writeUInt32LE(data.length, 14);
  fields.writeUInt32LE(data.length, 18);
  fields.writeUInt16LE(file.length, 22);
  const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), fields, file, data]);
  const rest = Buffer.alloc(14);
  rest.writeUInt32LE((0o100644 << 16) >>> 0, 6);
  const central = Buffer.concat([Buffer.from('PK\x01\x02\x14\x03', 'latin1'), fields, rest, file]);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(1, 4);
  end.writeUInt16LE(1, 6);
  end.writeUInt32LE(central.length, 8);
  end.writeUInt32LE(local.length, 12);
  return Buffer.concat([local, central, Buffer.from('PK\x05\x06', 'latin1'), end]).toString('base64');
};

function crc32(data) {
  if (zlib.crc32) return zlib.crc32(data);
  let crc = ~0;
  for (const byte of data) {
    crc ^= byte;
    for (let i = 0; i < 8; i++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

// text reads all of an answer.
exports.text = async (body) => {
  if (Buffer.isBuffer(body) || typeof body === 'string') return String(body);
  const chunks = [];
  for await (const chunk of body) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString();
};

// refused tells whether a call fails with the code of an error of the API.
exports.refused = async (code, call) => {
  try {
    await call();
  } catch (e) {
    if (String(e.code).includes(code) || String(e.message).includes(code)) return;
    throw e;
  }
  throw new Error(`${code} was expected, and it went through`);
};

// eventually reads until what it gives is good.
exports.eventually = async (read, good) => {
  for (const end = Date.now() + 60000; ;) {
    const value = await read();
    if (good(value)) return value;
    if (Date.now() > end) throw new Error(`still ${JSON.stringify(value)}`);
    await new Promise((done) => setTimeout(done, 50));
  }
};
