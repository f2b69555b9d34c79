// The official OpenFeature client for Node.js behind a gateway that now and then answers 500 or 503, as during a start, at a
// limit, or with a defect: it serves what the code says, names the error, and recovers by itself.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, describe, it } from 'node:test';

import { OFREPProvider } from '@openfeature/ofrep-provider';
import { OpenFeature } from '@openfeature/server-sdk';

import { Server } from '../../browser/server.mjs';
import * as sapwood from './sapwood.mjs';

const FLAG = 'node-available';

/** Answers what `gateway.failure` says while it says something, and otherwise what the server says. */
async function openGateway() {
  const gateway = { failure: undefined, failed: 0 };
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    if (gateway.failure !== undefined) {
      gateway.failed += 1;
      const { status, headers, body } = gateway.failure;
      response.writeHead(status, headers).end(body);
      return;
    }
    const { authorization, 'content-type': type } = request.headers;
    const answer = await fetch(sapwood.baseUrl + request.url, {
      method: request.method,
      headers: { authorization, 'content-type': type ?? 'application/json' },
      body: Buffer.concat(chunks),
    });
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  gateway.url = `http://127.0.0.1:${server.address().port}`;
  gateway.close = () => server.close();
  return gateway;
}

const OWN_WORDS = { errorCode: 'GENERAL', errorDetails: 'the server met a defect of its own with this request; please report it' };
const FAILURES = [
  ['500 in the words of the protocol', { status: 500, headers: { 'content-type': 'application/json' }, body: JSON.stringify(OWN_WORDS) }],
  ['503 with a time to wait', { status: 503, headers: { 'content-type': 'application/json', 'retry-after': '1' }, body: JSON.stringify(OWN_WORDS) }],
  ['503 of a gateway that knows no JSON', { status: 503, headers: { 'content-type': 'text/html' }, body: '<h1>Service Unavailable</h1>' }],
  ['500 without a body', { status: 500, headers: {}, body: '' }],
];

describe('OpenFeature for Node.js and a server that is not there for a while', { timeout: 60_000 }, () => {
  let gateway;
  let client;

  before(async () => {
    const boolean = { type: 'boolean', variants: { on: true, off: false } };
    await sapwood.defineFlag(FLAG, boolean, { off_variant: 'off', default: { variant: 'on' } });
    gateway = await openGateway();
    const headers = [['authorization', `Bearer ${sapwood.serverToken}`]];
    await OpenFeature.setProviderAndWait('unavailable', new OFREPProvider({ baseUrl: gateway.url, headers }));
    client = OpenFeature.getClient('unavailable');
  });

  after(() => gateway?.close());

  for (const [name, failure] of FAILURES) {
    it(`falls back on ${name}, and recovers`, async () => {
      gateway.failed = 0;
      gateway.failure = failure;
      const during = await client.getBooleanDetails(FLAG, false, { targetingKey: 'u' });
      assert.deepEqual([during.value, during.reason], [false, 'ERROR'], during.errorMessage);
      assert.ok(['GENERAL', 'PARSE_ERROR'].includes(during.errorCode), during.errorCode);
      assert.equal(gateway.failed, 1, 'the failure was met, and asked for once');
      gateway.failure = undefined;
      const afterwards = await client.getBooleanDetails(FLAG, false, { targetingKey: 'u' });
      assert.deepEqual([afterwards.value, afterwards.variant, afterwards.errorCode], [true, 'on', undefined]);
    });
  }
});

describe('OpenFeature for Node.js and a server that is started again', { timeout: 60_000 }, () => {
  it('falls back while it is gone, and is answered right from the first moment of its start', async () => {
    const server = await Server.start(sapwood.binary);
    await server.serve('banner', 'on');
    const headers = [['authorization', `Bearer ${server.application}`]];
    await OpenFeature.setProviderAndWait('started', new OFREPProvider({ baseUrl: server.url, headers }));
    const client = OpenFeature.getClient('started');
    const ask = () => client.getBooleanDetails('banner', false, { targetingKey: 'u' });
    assert.equal((await ask()).variant, 'on');
    const stopped = await server.stop();
    const gone = await ask();
    assert.deepEqual([gone.value, gone.reason, gone.errorCode], [false, 'ERROR', 'GENERAL']);
    const starting = stopped.start();
    // The address is taken before the data is opened, so whoever connects waits, and is never told of a flag that is not there.
    for (;;) {
      const details = await ask();
      if (details.errorCode === undefined) {
        assert.deepEqual([details.value, details.variant], [true, 'on']);
        break;
      }
      assert.equal(details.errorCode, 'GENERAL', details.errorMessage);
    }
    await starting;
    await server.close();
  });
});
