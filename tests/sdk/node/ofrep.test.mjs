// The official OpenFeature client for Node.js against a running Sapwood, through the life of one rollout.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { before, describe, it } from 'node:test';

import { OFREPProvider } from '@openfeature/ofrep-provider';
import { OpenFeature } from '@openfeature/server-sdk';

import * as sapwood from './sapwood.mjs';

const FLAG = 'node-checkout';
const METRIC = 'node_checkout_error';
const USERS = Array.from({ length: 400 }, (_, number) => `user-${number}`);

async function clientWith(domain, headers) {
  const provider = new OFREPProvider({ baseUrl: sapwood.baseUrl, headers: Object.entries(headers) });
  await OpenFeature.setProviderAndWait(domain, provider);
  return OpenFeature.getClient(domain);
}

/** The variant each user gets, asked one after another. */
async function variants(client, users) {
  const found = new Map();
  for (const targetingKey of users) {
    const details = await client.getBooleanDetails(FLAG, false, { targetingKey });
    assert.equal(details.errorCode, undefined, details.errorMessage);
    assert.equal(details.value, details.variant === 'on');
    found.set(targetingKey, details.variant);
  }
  return found;
}

describe('OpenFeature for Node.js', { timeout: 60_000 }, () => {
  let client;

  before(async () => {
    await sapwood.createFlag(FLAG);
    await sapwood.createMetric(METRIC);
    client = await clientWith('bearer', { authorization: `Bearer ${sapwood.serverToken}` });
  });

  it('serves the default variant before a rollout', async () => {
    const details = await client.getBooleanDetails(FLAG, true, { targetingKey: 'user-1' });
    assert.equal(details.value, false);
    assert.equal(details.variant, 'off');
    assert.ok(['STATIC', 'DEFAULT'].includes(details.reason), details.reason);
    assert.equal(details.errorCode, undefined);
  });

  it('accepts the token as an API key too', async () => {
    const byKey = await clientWith('api-key', { 'x-api-key': sapwood.serverToken });
    const details = await byKey.getBooleanDetails(FLAG, true, { targetingKey: 'user-1' });
    assert.equal(details.variant, 'off');
  });

  it('names the flag set and the version in the metadata', async () => {
    const details = await client.getBooleanDetails(FLAG, true, { targetingKey: 'user-1' });
    assert.notEqual(details.flagMetadata.flagSetId ?? '', '');
    assert.notEqual(details.flagMetadata.version ?? '', '');
  });

  it('falls back to the code default for an unknown flag', async () => {
    const details = await client.getBooleanDetails('no-such-flag', true, { targetingKey: 'user-1' });
    assert.equal(details.errorCode, 'FLAG_NOT_FOUND');
    assert.equal(details.value, true);
    assert.equal(details.reason, 'ERROR');
  });

  it('falls back to the code default for a wrong type', async () => {
    const details = await client.getStringDetails(FLAG, 'plain', { targetingKey: 'user-1' });
    assert.equal(details.errorCode, 'TYPE_MISMATCH');
    assert.equal(details.value, 'plain');
  });

  it('falls back to the code default for a bad token', async () => {
    const stranger = await clientWith('stranger', { authorization: 'Bearer not-a-token' });
    const details = await stranger.getBooleanDetails(FLAG, true, { targetingKey: 'user-1' });
    assert.ok(details.errorCode, 'an error code');
    assert.equal(details.value, true);
    assert.equal(details.reason, 'ERROR');
  });

  describe('during a rollout to half of everybody', () => {
    let rollout;

    before(async () => {
      rollout = await sapwood.startHalfRollout(FLAG, METRIC);
    });

    it('splits users in about equal halves, and each one stays where they are', async () => {
      const first = await variants(client, USERS);
      const treated = [...first.values()].filter((variant) => variant === 'on').length;
      // Six standard deviations on either side of 200.
      assert.ok(treated > 140 && treated < 260, `${treated} of ${USERS.length} treated`);
      const some = USERS.slice(0, 50);
      const second = await variants(client, some);
      for (const user of some) assert.equal(second.get(user), first.get(user), user);
    });

    it('gives SPLIT as the reason', async () => {
      const details = await client.getBooleanDetails(FLAG, false, { targetingKey: 'user-1' });
      assert.equal(details.reason, 'SPLIT');
    });

    it('takes a report of events once, and the same batch again without complaint', async () => {
      const batch = randomUUID();
      const at = new Date().toISOString();
      const items = [{ type: 'metric', metric: METRIC, unit: 'user-1', at }];
      assert.equal((await sapwood.reportEvents(batch, items)).status, 202);
      assert.equal((await sapwood.reportEvents(batch, items)).status, 202);
    });

    it('takes everybody back when it is rolled back', async () => {
      await sapwood.rollBack(rollout, 'the client tests are done');
      const after = await variants(client, USERS);
      assert.deepEqual([...new Set(after.values())], ['off']);
      assert.equal((await sapwood.readRollout(rollout)).id, rollout);
    });
  });
});
