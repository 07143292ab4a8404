// The life of a function through @alicloud/fc2, API 2016-08-15; its code goes up by OSS.
'use strict';
const assert = require('node:assert');
const FC = require('@alicloud/fc2');
const { env, zip, refused, eventually } = require('./common');

const client = new FC(env.account, {
  accessKeyID: env.key, accessKeySecret: env.secret, region: env.region, endpoint: env.endpoint, timeout: 60000, headers: { 'x-fc-region': env.region },
});
const service = 'sdk-service-js';
const name = 'sdk-nodejs2';
const source = (answer) => zip('index.js', `exports.handler = (event, context, callback) => {
  if (String(event) === 'fail') return callback(new Error('as asked'));
  callback(null, '${answer}');
};`);

async function invoke(event = 'x', qualifier = undefined, headers = {}) {
  return (await client.invokeFunction(service, name, event, headers, qualifier)).data;
}

async function main() {
  await client.createService(service, { description: 'of the test' });
  await refused('ServiceAlreadyExists', () => client.createService(service));
  await client.createFunction(service, { functionName: name, runtime: 'nodejs20', handler: 'index.handler', memorySize: 512, timeout: 20, code: { zipFile: source('one') } });
  assert.strictEqual((await client.getFunction(service, name)).data.memorySize, 512);
  assert.deepStrictEqual((await client.listFunctions(service)).data.functions.map((f) => f.functionName), [name]);

  assert.strictEqual(await invoke(), 'one');
  assert.match(JSON.stringify(await invoke('fail')), /as asked/);

  const one = (await client.publishVersion(service, 'v1')).data.versionId;
  await client.updateFunction(service, name, { code: { zipFile: source('two') } });
  const two = (await client.publishVersion(service)).data.versionId;
  assert.deepStrictEqual([await invoke('x', one), await invoke('x', two)], ['one', 'two']);
  await client.createAlias(service, 'prod', one, { additionalVersionWeight: { [two]: 0.5 } });
  const seen = new Set();
  for (let i = 0; i < 40; i++) seen.add(await invoke('x', 'prod'));
  assert.deepStrictEqual([...seen].sort(), ['one', 'two']);

  // The client asks for a token, puts the code into its bucket and names that.
  const token = (await client.getTempBucketToken()).data;
  for (const field of ['AccessKeyId', 'AccessKeySecret', 'SecurityToken', 'Expiration']) assert.ok(token.credentials[field], field);
  assert.ok(token.ossBucket && token.objectName && token.ossRegion);

  const destination = `acs:fc:${env.region}:${env.account}:services/${service}.LATEST/functions/${name}`;
  await client.putFunctionAsyncConfig(service, name, 'LATEST', { maxAsyncRetryAttempts: 0, destinationConfig: { onFailure: { destination } } });
  assert.strictEqual((await client.getFunctionAsyncConfig(service, name, 'LATEST')).data.destinationConfig.onFailure.destination, destination);
  const accepted = await client.invokeFunction(service, name, 'later', { 'x-fc-invocation-type': 'Async' });
  assert.ok(accepted.headers['x-fc-request-id']);

  const layer = (await client.publishLayerVersion('sdk-layer-js', {
    compatibleRuntime: ['nodejs20'], Code: { zipFile: zip('nodejs/node_modules/greet/index.js', 'module.exports = "hi";') },
  })).data;
  await client.updateFunction(service, name, { layers: [layer.arn], code: { zipFile: zip('index.js', 'exports.handler = (e, c, done) => done(null, require("greet"));') } });
  assert.strictEqual(await eventually(invoke, (v) => v === 'hi'), 'hi');

  await client.deleteFunctionAsyncConfig(service, name, 'LATEST');
  await client.deleteAlias(service, 'prod');
  for (const v of [one, two]) await client.deleteVersion(service, v);
  await client.deleteFunction(service, name);
  await client.deleteService(service);
  await client.deleteLayerVersion('sdk-layer-js', layer.version);
  await refused('ServiceNotFound', () => client.getService(service));
  console.log('lived');
}

main().catch((e) => { console.error(e); process.exit(1); });
