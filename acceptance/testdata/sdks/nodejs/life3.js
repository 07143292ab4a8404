// The life of a function through @alicloud/fc20230330, API 2023-03-30.
'use strict';
const assert = require('node:assert');
const { Readable } = require('node:stream');
const { default: Client, ...m } = require('@alicloud/fc20230330');
const { $OpenApiUtil, Config } = require('@alicloud/openapi-core');
const { RuntimeOptions } = require('@alicloud/tea-util');
const { env, zip, text, refused, eventually } = require('./common');

const config = { accessKeyId: env.key, accessKeySecret: env.secret, endpoint: env.host, protocol: 'http', regionId: env.region };
const client = new Client($OpenApiUtil ? new $OpenApiUtil.Config(config) : config);
const runtime = new RuntimeOptions({ readTimeout: 60000, connectTimeout: 5000 });
const name = 'sdk-nodejs';
const receiver = 'sdk-nodejs-receiver';

const source = (answer) => zip('index.js', `exports.handler = async (event) => {
  console.log('event: ' + event);
  if (String(event) === 'fail') throw new Error('as asked');
  return { answer: '${answer}', stage: process.env.STAGE, event: String(event) };
};`);

async function invoke(event, qualifier, headers = {}) {
  const request = new m.InvokeFunctionRequest({ body: Readable.from(Buffer.from(event)), qualifier });
  return client.invokeFunctionWithOptions(name, request, new m.InvokeFunctionHeaders(headers), runtime);
}

const answer = async (...args) => JSON.parse(await text((await invoke(...args)).body)).answer;

const create = (functionName, zipFile) => client.createFunction(new m.CreateFunctionRequest({
  body: new m.CreateFunctionInput({
    functionName, runtime: 'nodejs20', handler: 'index.handler', memorySize: 512, cpu: 0.35, diskSize: 512, timeout: 20,
    code: new m.InputCodeLocation({ zipFile }), environmentVariables: { STAGE: 'one' },
  }),
}));

async function main() {
  // create, get, list
  const made = (await create(name, source('one'))).body;
  await create(receiver, zip('index.js', 'exports.handler = async (event) => { console.log("received " + event); return event; };'));
  const got = (await client.getFunction(name, new m.GetFunctionRequest({}))).body;
  assert.deepStrictEqual([got.memorySize, got.timeout, got.environmentVariables], [512, 20, { STAGE: 'one' }]);
  const list = (await client.listFunctions(new m.ListFunctionsRequest({ prefix: name, limit: 50 }))).body;
  assert.deepStrictEqual(list.functions.map((f) => f.functionName), [name, receiver]);
  await refused('FunctionAlreadyExists', () => create(name, source('again')));

  // invoke
  const first = await invoke('hello', undefined, { xFcLogType: 'Tail' });
  assert.deepStrictEqual(JSON.parse(await text(first.body)), { answer: 'one', stage: 'one', event: 'hello' });
  assert.match(Buffer.from(first.headers['x-fc-log-result'], 'base64').toString(), /event: hello/);
  const failed = await invoke('fail');
  assert.ok(failed.headers['x-fc-error-type']);
  assert.match(await text(failed.body), /as asked/);

  // publish, update, publish, split
  const publish = async () => (await client.publishFunctionVersion(name, new m.PublishFunctionVersionRequest({ body: new m.PublishVersionInput({}) }))).body.versionId;
  const one = await publish();
  await client.updateFunction(name, new m.UpdateFunctionRequest({
    body: new m.UpdateFunctionInput({ code: new m.InputCodeLocation({ zipFile: source('two') }), environmentVariables: { STAGE: 'two' } }),
  }));
  const two = await publish();
  assert.strictEqual(await answer('x'), 'two');
  assert.strictEqual(await answer('x', one), 'one');
  await client.createAlias(name, new m.CreateAliasRequest({ body: new m.CreateAliasInput({ aliasName: 'prod', versionId: one, additionalVersionWeight: { [two]: 0.5 } }) }));
  const seen = new Set();
  for (let i = 0; i < 40; i++) seen.add(await answer('x', 'prod'));
  assert.deepStrictEqual([...seen].sort(), ['one', 'two']);

  // asynchronously, with a destination
  const destination = `acs:fc:${env.region}:${env.account}:functions/${receiver}`;
  await client.putAsyncInvokeConfig(name, new m.PutAsyncInvokeConfigRequest({
    qualifier: 'LATEST',
    body: new m.PutAsyncInvokeConfigInput({
      asyncTask: true, maxAsyncRetryAttempts: 0, destinationConfig: new m.DestinationConfig({ onSuccess: new m.Destination({ destination }) }),
    }),
  }));
  const accepted = await invoke('later', undefined, { xFcInvocationType: 'Async', xFcAsyncTaskId: 'good' });
  assert.strictEqual(accepted.statusCode, 202);
  await eventually(async () => (await client.getAsyncTask(name, 'good', new m.GetAsyncTaskRequest({ qualifier: 'LATEST' }))).body, (t) => t.status === 'Succeeded');

  // a layer
  const layer = (await client.createLayerVersion('sdk-layer', new m.CreateLayerVersionRequest({
    body: new m.CreateLayerVersionInput({ compatibleRuntime: ['nodejs20'], code: new m.InputCodeLocation({ zipFile: zip('nodejs/node_modules/greet/index.js', 'module.exports = "hi";') }) }),
  }))).body;
  await client.updateFunction(name, new m.UpdateFunctionRequest({
    body: new m.UpdateFunctionInput({ layers: [layer.layerVersionArn], code: new m.InputCodeLocation({ zipFile: zip('index.js', 'exports.handler = async () => ({ answer: require("greet") });') }) }),
  }));
  assert.strictEqual(await answer('x'), 'hi');
  assert.strictEqual((await client.getFunction(name, new m.GetFunctionRequest({}))).body.layers[0].arn, layer.layerVersionArn);

  // delete
  await client.deleteAsyncInvokeConfig(name, new m.DeleteAsyncInvokeConfigRequest({ qualifier: 'LATEST' }));
  await client.deleteAlias(name, 'prod');
  for (const version of [one, two]) await client.deleteFunctionVersion(name, version);
  for (const f of [name, receiver]) await client.deleteFunction(f);
  await client.deleteLayerVersion('sdk-layer', String(layer.version));
  await refused('FunctionNotFound', () => client.getFunction(name, new m.GetFunctionRequest({})));
  console.log(made.functionArn && 'lived');
}

main().catch((e) => { console.error(e); process.exit(1); });
