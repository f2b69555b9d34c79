// The official OpenFeature client for the web, unmodified, in a real browser and on a page of another origin: values,
// errors, changes as they happen, and a server that goes away and comes back.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, describe, it } from 'node:test';

import { build } from 'esbuild';

import { launch, watchedPage } from './chromium.mjs';
import { Server } from './server.mjs';

const binary = need('SAPWOOD_TEST_BINARY');
const executable = need('SAPWOOD_TEST_CHROMIUM');

function need(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set; run these tests with \`cargo xtask browser\``);
  return value;
}

/** The shop's own web server: a page and its script, and nothing of Sapwood's. */
async function openShop() {
  const bundled = await build({ entryPoints: ['shop.mjs'], bundle: true, format: 'iife', write: false });
  const script = bundled.outputFiles[0].text;
  const server = createServer((request, response) => {
    const isScript = request.url === '/shop.js';
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
    response.end(isScript ? script : '<!doctype html><link rel="icon" href="data:,"><script src="/shop.js"></script>');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() };
}

const FLAGS = {
  'page-text': [{ type: 'string', variants: { long: 'Welcome back', none: '' } }, 'long', 'none'],
  'page-columns': [{ type: 'integer', variants: { three: 3, none: 0 } }, 'three', 'none'],
  'page-ratio': [{ type: 'number', variants: { half: 0.5, whole: 1 } }, 'whole', 'half'],
  'page-theme': [{ type: 'object', variants: { dark: { colour: 'black', steps: [1, 2] }, plain: {} } }, 'dark', 'plain'],
};

async function defineFlags(server) {
  await server.serve('banner', 'off');
  for (const [key, [flag, variant, off]] of Object.entries(FLAGS)) {
    await server.flag(key, flag, { off_variant: off, default: { variant } });
  }
  const boolean = { type: 'boolean', variants: { on: true, off: false } };
  await server.flag('hidden', { ...boolean, client_visible: false }, { off_variant: 'off', default: { variant: 'on' } });
  const half = [{ serve: 'on', width: 50_000 }, { serve: 'off', width: 50_000 }];
  await server.flag('split', boolean, { off_variant: 'off', default: { slots: half } });
  const pro = { id: 'pro', when: { attribute: { name: 'plan', test: { equals: 'pro' } } }, serve: { variant: 'on' } };
  await server.flag('targeted', boolean, { off_variant: 'off', rules: [pro], default: { variant: 'off' } });
}

describe('OpenFeature for the web', { timeout: 120_000 }, () => {
  let server;
  let shop;
  let browser;
  let page;
  let complaints;
  let loads = 0;

  before(async () => {
    server = await Server.start(binary);
    await defineFlags(server);
    shop = await openShop();
    browser = await launch(executable);
    ({ page, complaints } = await watchedPage(browser.context));
    page.setDefaultTimeout(30_000);
    page.on('load', () => (loads += 1));
    await page.goto(shop.url);
    const context = { targetingKey: 'visitor-1', plan: 'free' };
    await page.evaluate((given) => globalThis.shop.open(...given), [server.url, server.client, context]);
  });

  after(async () => {
    await browser?.close();
    shop?.close();
    await server?.close();
  });

  const ask = (type, key, fallback) => page.evaluate((given) => globalThis.shop.ask(...given), [type, key, fallback]);
  const becomes = (key, value) =>
    page.waitForFunction(([name, wanted]) => globalThis.shop.ask('boolean', name, !wanted).value === wanted, [key, value]);

  it('serves all five types', async () => {
    for (const [type, key, fallback, value, variant] of [
      ['boolean', 'banner', true, false, 'off'],
      ['string', 'page-text', 'x', 'Welcome back', 'long'],
      ['number', 'page-columns', 7, 3, 'three'],
      ['number', 'page-ratio', 7, 1, 'whole'],
      ['object', 'page-theme', {}, { colour: 'black', steps: [1, 2] }, 'dark'],
    ]) {
      const details = await ask(type, key, fallback);
      assert.deepEqual(details.value, value, key);
      assert.deepEqual([details.variant, details.reason, details.errorCode], [variant, 'STATIC', undefined], key);
      assert.equal(details.flagMetadata.flagSetId, 'default/production');
      assert.equal(typeof details.flagMetadata.version, 'number');
      assert.equal(details.flagMetadata.ruleId, undefined);
    }
  });

  it('falls back for what is not there, is not for pages, or has another type', async () => {
    assert.equal((await ask('boolean', 'absent', true)).errorCode, 'FLAG_NOT_FOUND');
    const hidden = await ask('boolean', 'hidden', false);
    assert.deepEqual([hidden.errorCode, hidden.value], ['FLAG_NOT_FOUND', false]);
    const mismatch = await ask('string', 'banner', 'plain');
    assert.deepEqual([mismatch.errorCode, mismatch.value], ['TYPE_MISMATCH', 'plain']);
  });

  it('follows the context', async () => {
    assert.equal((await ask('boolean', 'targeted', true)).value, false);
    await page.evaluate(() => globalThis.shop.as({ targetingKey: 'visitor-1', plan: 'pro' }));
    // For a moment the provider serves what it had kept for this visitor.
    await page.waitForFunction(() => globalThis.shop.ask('boolean', 'targeted', false).reason === 'TARGETING_MATCH');
    assert.equal((await ask('boolean', 'targeted', false)).value, true);
    assert.equal((await ask('boolean', 'split', true)).reason, 'SPLIT');
    await page.evaluate(() => globalThis.shop.as({ plan: 'pro' }));
    await page.waitForFunction(() => globalThis.shop.ask('boolean', 'split', true).errorCode !== undefined);
    const keyless = await ask('boolean', 'split', true);
    assert.deepEqual([keyless.errorCode, keyless.value], ['TARGETING_KEY_MISSING', true]);
    assert.equal((await ask('boolean', 'targeted', false)).value, true);
    await page.evaluate(() => globalThis.shop.as({ targetingKey: 'visitor-1' }));
  });

  it('shows a change while the page is open', async () => {
    const before = loads;
    await server.serve('banner', 'on');
    await becomes('banner', true);
    await server.serve('banner', 'off');
    await becomes('banner', false);
    assert.equal(loads, before);
    const happenings = await page.evaluate(() => globalThis.shop.happenings);
    assert.ok(happenings.includes('PROVIDER_CONFIGURATION_CHANGED'), happenings.join());
    assert.deepEqual(complaints, []);
  });

  it('shows what a date in a rule turns when the date is reached, without a change', async () => {
    const boolean = { type: 'boolean', variants: { on: true, off: false } };
    await server.flag('opening', boolean, { off_variant: 'off', default: { variant: 'off' } });
    await becomes('opening', false);
    const at = new Date(Date.now() + 2_000).toISOString();
    const rule = { id: 'opening', when: { now: { after: at } }, serve: { variant: 'on' } };
    await server.flag('opening', boolean, { off_variant: 'off', rules: [rule], default: { variant: 'off' } });
    const changed = await server.manage('GET', 'environments/production/flags/opening');
    await becomes('opening', true);
    assert.ok(Date.now() >= Date.parse(at), 'not before the date');
    const details = await ask('boolean', 'opening', false);
    assert.deepEqual([details.variant, details.reason], ['on', 'TARGETING_MATCH']);
    const now = await server.manage('GET', 'environments/production/flags/opening');
    assert.equal(now.revision, changed.revision, 'nobody changed anything meanwhile');
    assert.deepEqual(complaints, []);
  });

  it('shows what changed while nobody was connected, after the server was started again', async () => {
    const stopped = await server.stop();
    await page.waitForFunction(() => globalThis.shop.happenings.includes('PROVIDER_STALE'));
    assert.equal((await ask('boolean', 'banner', true)).value, false);
    await stopped.start();
    await server.serve('banner', 'on');
    await becomes('banner', true);
    await server.serve('banner', 'off');
    await becomes('banner', false);
  });

  it('shows what changed after a page was opened again from what the browser had kept', async () => {
    const another = await browser.context.newPage();
    await another.goto(shop.url);
    await server.serve('banner', 'on');
    const context = { targetingKey: 'visitor-1' };
    await another.evaluate((given) => globalThis.shop.open(...given), [server.url, server.client, context]);
    await another.waitForFunction(() => globalThis.shop.ask('boolean', 'banner', false).value === true);
    await another.close();
  });

  it('is refused for good with a token that is not valid or not for pages', async () => {
    const { token } = await server.manage('POST', 'tokens', { kind: 'ingest', name: 'wrong', environment: 'production' });
    for (const wrong of ['not-a-token', token]) {
      const stranger = await browser.context.newPage();
      await stranger.goto(shop.url);
      const said = await stranger.evaluate(async (given) => {
        await globalThis.shop.open(...given).catch(() => {});
        return [globalThis.shop.happenings, globalThis.shop.ask('boolean', 'banner', true)];
      }, [server.url, wrong, {}]);
      assert.ok(said[0].includes('PROVIDER_ERROR'), said[0].join());
      assert.deepEqual([said[1].value, said[1].errorCode], [true, 'PROVIDER_FATAL']);
      await stranger.close();
    }
  });

  it('wrote no ticket and no token into its log', () => {
    assert.doesNotMatch(server.said, /ticket=|sw_client_|sw_server_/);
  });
});

describe('OpenFeature for the web, on pages that are not allowed', { timeout: 60_000 }, () => {
  it('evaluates only where an origin was named', async () => {
    const shop = await openShop();
    const browser = await launch(executable);
    for (const [origins, ready] of [[new URL(shop.url).origin, true], ['https://shop.example', false]]) {
      const server = await Server.start(binary, ['--allow-origin', origins]);
      await server.serve('banner', 'on');
      const page = await browser.context.newPage();
      await page.goto(shop.url);
      const opened = page.evaluate((given) => globalThis.shop.open(...given), [server.url, server.client, {}]);
      assert.equal(await opened.then(() => true, () => false), ready, origins);
      await page.close();
      await server.close();
    }
    await browser.close();
    shop.close();
  });
});

describe('OpenFeature for the web, asking too often', { timeout: 60_000 }, () => {
  it('pauses when it is told to and recovers', async () => {
    const server = await Server.start(binary, ['--rate-limit', '2']);
    const shop = await openShop();
    const browser = await launch(executable);
    await server.serve('banner', 'off');
    const page = await browser.context.newPage();
    await page.goto(shop.url);
    const refusals = [];
    page.on('response', (response) => {
      if (response.status() === 429) refusals.push(response.headers()['retry-after']);
    });
    // Without a stream, which would take of the same allowance.
    const given = [server.url, server.client, { targetingKey: 'a' }, { changeDetection: 'none', cacheMode: 'disabled' }];
    await page.evaluate((all) => globalThis.shop.open(...all), given);
    const stale = () => page.evaluate(() => globalThis.shop.happenings.includes('PROVIDER_STALE'));
    for (let turn = 0; !(await stale()); turn += 1) {
      await page.evaluate((key) => globalThis.shop.as({ targetingKey: key }), `visitor-${turn}`);
    }
    assert.deepEqual(refusals, ['1'], 'and then it asks no more for as long as it was told');
    await server.serve('banner', 'on');
    await page.waitForFunction(async () => {
      await globalThis.shop.as({ targetingKey: `visitor-${Math.random()}` });
      return globalThis.shop.ask('boolean', 'banner', false).value;
    });
    await browser.close();
    shop.close();
    await server.close();
  });
});

// What a gateway, or the server itself, says in these cases; a page reads it only with the headers of its origin.
const OWN_WORDS = JSON.stringify({
  errorCode: 'GENERAL',
  errorDetails: 'the server met a defect of its own with this request; please report it',
});
const FAILURES = [
  ['500 in the words of the protocol', { status: 500, contentType: 'application/json', body: OWN_WORDS }],
  ['503 with a time to wait', { status: 503, contentType: 'application/json', headers: { 'retry-after': '1' }, body: OWN_WORDS }],
  ['503 of a gateway that knows no JSON', { status: 503, contentType: 'text/html', body: '<h1>Service Unavailable</h1>' }],
  ['500 without a body', { status: 500, body: '' }],
];

describe('OpenFeature for the web and a server that is not there for a while', { timeout: 120_000 }, () => {
  let server;
  let shop;
  let browser;
  const QUIET = { changeDetection: 'none', cacheMode: 'disabled' };

  before(async () => {
    server = await Server.start(binary);
    await server.serve('banner', 'on');
    shop = await openShop();
    browser = await launch(executable);
  });

  after(async () => {
    await browser?.close();
    shop?.close();
    await server?.close();
  });

  /** A page whose evaluations are answered by `failure` while there is one. */
  async function openPage() {
    const page = await browser.context.newPage();
    const gateway = { failure: undefined, failed: 0 };
    await page.route('**/ofrep/v1/evaluate/flags*', (route) => {
      if (gateway.failure === undefined || route.request().method() === 'OPTIONS') return route.continue();
      gateway.failed += 1;
      const headers = { 'access-control-allow-origin': '*', 'access-control-expose-headers': 'Retry-After', ...gateway.failure.headers };
      return route.fulfill({ ...gateway.failure, headers });
    });
    await page.goto(shop.url);
    return { page, gateway };
  }
  const banner = (page) => page.evaluate(() => globalThis.shop.ask('boolean', 'banner', false));
  const as = (page, key) => page.evaluate((name) => globalThis.shop.as({ targetingKey: name }), key);

  for (const [name, failure] of FAILURES) {
    it(`keeps what it had on ${name}, and recovers`, async () => {
      const { page, gateway } = await openPage();
      await page.evaluate((given) => globalThis.shop.open(...given), [server.url, server.client, { targetingKey: 'a' }, QUIET]);
      assert.equal((await banner(page)).value, true);
      gateway.failure = failure;
      await as(page, 'b').catch(() => {});
      assert.ok(gateway.failed >= 1, 'the failure was met');
      assert.equal((await banner(page)).value, true, 'it serves what it had');
      gateway.failure = undefined;
      await page.waitForFunction(async () => {
        await globalThis.shop.as({ targetingKey: `visitor-${Math.random()}` }).catch(() => {});
        const details = globalThis.shop.ask('boolean', 'banner', false);
        return details.value === true && details.errorCode === undefined;
      });
      await page.close();
    });

    it(`serves what the code says when it opens on ${name}, and recovers`, async () => {
      const { page, gateway } = await openPage();
      gateway.failure = failure;
      const given = [server.url, server.client, { targetingKey: 'a' }, QUIET];
      await page.evaluate((all) => globalThis.shop.open(...all).catch(() => {}), given);
      const during = await banner(page);
      assert.equal(during.value, false);
      assert.ok(during.errorCode !== undefined, JSON.stringify(during));
      assert.ok(gateway.failed >= 1, 'the failure was met');
      gateway.failure = undefined;
      await page.waitForFunction(async () => {
        await globalThis.shop.as({ targetingKey: `visitor-${Math.random()}` }).catch(() => {});
        return globalThis.shop.ask('boolean', 'banner', false).value === true;
      });
      await page.close();
    });
  }

  it('is answered right by a server that is just starting, or not at all', async () => {
    const stopped = await server.stop();
    const starting = stopped.start();
    // The address is taken before the data is opened: whoever connects meanwhile waits, and is never told nonsense.
    const first = async () => {
      for (;;) {
        const asked = fetch(`${server.url}/ofrep/v1/evaluate/flags/banner`, {
          method: 'POST',
          headers: { authorization: `Bearer ${server.application}`, 'content-type': 'application/json' },
          body: '{"context": {"targetingKey": "a"}}',
        });
        const answer = await asked.catch((error) => error);
        if (answer instanceof Response) return [answer.status, (await answer.json()).value];
        assert.ok(['ECONNREFUSED', 'ECONNRESET'].includes(answer.cause?.code), answer.cause);
      }
    };
    assert.deepEqual(await first(), [200, true]);
    await starting;
  });
});
