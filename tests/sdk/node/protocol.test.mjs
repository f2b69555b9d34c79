// The official OpenFeature client for Node.js: every type, every error, targeting, and a server that says "too often".

import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';

import { OFREPProvider } from '@openfeature/ofrep-provider';
import { OpenFeature } from '@openfeature/server-sdk';

import * as sapwood from './sapwood.mjs';

const BOOLEAN = { type: 'boolean', variants: { on: true, off: false } };
const HALF = { slots: [{ serve: 'on', width: 50_000 }, { serve: 'off', width: 50_000 }] };

const FLAGS = {
  'node-boolean': [BOOLEAN, 'on', true],
  'node-string': [{ type: 'string', variants: { on: 'é ü 漢', off: '' } }, 'on', 'é ü 漢'],
  'node-empty': [{ type: 'string', variants: { on: 'text', off: '' } }, 'off', ''],
  'node-integer': [{ type: 'integer', variants: { on: 9007199254740991, off: 0 } }, 'on', 9007199254740991],
  'node-number': [{ type: 'number', variants: { on: 1, off: 0.25 } }, 'off', 0.25],
  'node-object': [{ type: 'object', variants: { on: { a: [1, { b: null }] }, off: {} } }, 'on', { a: [1, { b: null }] }],
};

async function clientWith(domain, token, baseUrl = sapwood.baseUrl) {
  const provider = new OFREPProvider({ baseUrl, headers: [['authorization', `Bearer ${token}`]] });
  await OpenFeature.setProviderAndWait(domain, provider);
  return OpenFeature.getClient(domain);
}

describe('OpenFeature for Node.js and the protocol', { timeout: 60_000 }, () => {
  let client;

  before(async () => {
    for (const [key, [flag, variant]] of Object.entries(FLAGS)) {
      await sapwood.defineFlag(key, flag, { off_variant: 'off', default: { variant } });
    }
    const pro = { id: 'pro', when: { attribute: { name: 'plan', test: { equals: 'pro' } } }, serve: { variant: 'on' } };
    await sapwood.defineFlag('node-targeted', BOOLEAN, { off_variant: 'off', rules: [pro], default: { variant: 'off' } });
    await sapwood.defineFlag('node-split', BOOLEAN, { off_variant: 'off', default: HALF });
    await sapwood.defineFlag('node-by-account', { ...BOOLEAN, unit: 'account' }, { off_variant: 'off', default: HALF });
    await sapwood.defineFlag('node-off', BOOLEAN, { on: false, off_variant: 'off', default: { variant: 'on' } });
    client = await clientWith('protocol', sapwood.serverToken);
  });

  it('serves every type', async () => {
    const ask = {
      boolean: (key) => client.getBooleanDetails(key, false),
      string: (key) => client.getStringDetails(key, 'fallback'),
      number: (key) => client.getNumberDetails(key, -1),
      object: (key) => client.getObjectDetails(key, {}),
    };
    for (const [key, [, variant, value]] of Object.entries(FLAGS)) {
      const details = await ask[typeof value](key);
      assert.deepEqual(details.value, value, key);
      assert.deepEqual([details.variant, details.reason, details.errorCode], [variant, 'STATIC', undefined], key);
    }
  });

  it('gives the reason of each answer', async () => {
    const reason = async (key, context) => (await client.getBooleanDetails(key, true, context)).reason;
    assert.equal(await reason('node-targeted', { plan: 'pro' }), 'TARGETING_MATCH');
    assert.equal(await reason('node-targeted', { plan: 'free' }), 'DEFAULT');
    assert.equal(await reason('node-split', { targetingKey: 'u' }), 'SPLIT');
    assert.equal(await reason('node-off', {}), 'DISABLED');
  });

  it('names each error', async () => {
    const error = async (key, context) => {
      const details = await client.getBooleanDetails(key, true, context);
      assert.deepEqual([details.value, details.reason], [true, 'ERROR'], key);
      return details.errorCode;
    };
    assert.equal(await error('absent', {}), 'FLAG_NOT_FOUND');
    for (const key of ['a/b', 'a b c:ü', '%2F']) {
      assert.equal(await error(key, {}), 'FLAG_NOT_FOUND', key);
    }
    assert.equal(await error('node-string', {}), 'TYPE_MISMATCH');
    assert.equal(await error('node-split', {}), 'TARGETING_KEY_MISSING');
    assert.equal(await error('node-by-account', { targetingKey: 'u' }), 'INVALID_CONTEXT');
    const deep = Array.from({ length: 100 }).reduce((inner) => ({ inner }), 1);
    assert.equal(await error('node-boolean', { deep }), 'PARSE_ERROR');
    const many = Object.fromEntries(Array.from({ length: 300 }, (_, number) => [`a${number}`, number]));
    assert.equal(await error('node-boolean', many), 'INVALID_CONTEXT');
    assert.equal(await error('node-boolean', { big: 'x'.repeat(300 << 10) }), 'GENERAL');
  });

  it('falls back with tokens that are not valid, may not evaluate, or may not see the flag', async () => {
    for (const [token, code] of [
      ['nonsense', 'GENERAL'],
      [await sapwood.createToken('ingest'), 'GENERAL'],
      [sapwood.clientToken, 'FLAG_NOT_FOUND'],
    ]) {
      const stranger = await clientWith(`stranger ${token.slice(0, 9)}`, token);
      const details = await stranger.getBooleanDetails('node-boolean', false);
      assert.deepEqual([details.value, details.errorCode], [false, code]);
    }
  });

  it('pauses when it asked too often, and recovers', async () => {
    const hasty = await clientWith('strict', sapwood.strict.token, sapwood.strict.url);
    const until = async (wanted) => {
      for (;;) {
        const { errorCode, errorMessage = '' } = await hasty.getBooleanDetails('absent', false);
        if (wanted(errorCode, errorMessage)) return;
      }
    };
    await until((code) => code === 'FLAG_NOT_FOUND');
    await until((_, message) => message.includes('paused due to TooManyRequests'));
    await until((code) => code === 'FLAG_NOT_FOUND');
  });
});
