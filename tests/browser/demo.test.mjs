// The console in a real browser, from the first ring of the demo to its roll-back.

import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import { accessibilityFindings, launch, watchedPage } from './chromium.mjs';
import { Demo } from './demo.mjs';

/** The sentence that says how the rollout stands; it is also what screen readers announce. */
const SENTENCE = '[data-rollout-status]';
const ROLLED_BACK = /rolled back/i;
const THEMES = ['light', 'dark'];
const WIDTHS = [1280, 360];
const STORY_MS_MAX = 90_000;

const binary = need('SAPWOOD_TEST_BINARY');
const executable = need('SAPWOOD_TEST_CHROMIUM');
const screenshots = need('SAPWOOD_TEST_SCREENSHOTS');

function need(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set; run these tests with \`cargo xtask browser\``);
  return value;
}

async function inEachTheme(page, work) {
  for (const colorScheme of THEMES) {
    await page.emulateMedia({ colorScheme });
    await work(colorScheme);
  }
}

/** Pictures for people, in both themes and at both widths, and a check that nothing sticks out. */
async function photograph(page, name) {
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 900 });
    await inEachTheme(page, async (theme) => {
      await page.screenshot({ path: join(screenshots, `${name}-${theme}-${width}.png`), fullPage: true });
    });
    const needed = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(needed <= width, `at ${width} px the page is ${needed} px wide`);
  }
  await page.setViewportSize({ width: WIDTHS[0], height: 900 });
}

async function assertAccessible(page) {
  await inEachTheme(page, async (theme) => {
    assert.deepEqual(await accessibilityFindings(page), [], `in the ${theme} theme`);
  });
}

describe('the console during the demo', { timeout: 2 * STORY_MS_MAX }, () => {
  let demo;
  let browser;
  let page;
  let complaints;
  let url;
  let loads = 0;

  before(async () => {
    await mkdir(screenshots, { recursive: true });
    demo = new Demo(binary);
    ({ url } = await demo.until('listening'));
    browser = await launch(executable);
    ({ page, complaints } = await watchedPage(browser.context));
    page.setDefaultTimeout(STORY_MS_MAX);
    page.on('load', () => (loads += 1));
    await page.goto(url);
  });

  after(async () => {
    await browser?.close();
    await demo?.stop();
  });

  const sentence = async () => (await page.locator(SENTENCE).first().innerText()).trim();

  it('shows the rollout and how it stands', async () => {
    await page.locator(SENTENCE).first().waitFor();
    assert.notEqual(await sentence(), '');
    assert.doesNotMatch(await sentence(), ROLLED_BACK);
    assert.notEqual(await page.title(), '');
  });

  it('changes the sentence by itself, without a reload', async () => {
    const first = await sentence();
    const before = loads;
    const changed = ([selector, old]) => document.querySelector(selector)?.innerText.trim() !== old;
    await page.waitForFunction(changed, [SENTENCE, first]);
    assert.equal(loads, before);
  });

  it('is accessible and fits while the rollout grows', async () => {
    await assertAccessible(page);
    await photograph(page, 'growing');
  });

  it('ends by saying that it was rolled back', async () => {
    const outcome = await demo.until('outcome');
    assert.match(JSON.stringify(outcome), /rolled.?back/i);
    const before = loads;
    await page.locator(SENTENCE).filter({ hasText: ROLLED_BACK }).first().waitFor();
    assert.equal(loads, before);
  });

  it('is accessible and fits after the roll-back', async () => {
    await assertAccessible(page);
    await photograph(page, 'rolled-back');
  });

  it('raised no policy violation and no error', () => {
    assert.deepEqual(complaints, []);
  });
});
