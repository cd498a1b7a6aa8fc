/** The statistics page as people use it, in a real browser. */

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { ask } from '../support/client.ts';
import { Fairlead } from '../support/fairlead.ts';
import { outlast, until } from '../support/wait.ts';
import { chromiumPath } from './browser.ts';
import { EVIL, type Looking, look, type Site, startSite } from './rig.ts';

const skip = chromiumPath === undefined ? 'chromium is not on PATH' : false;

let site: Site;

before(async () => {
  if (skip === false) site = await startSite();
});

after(async () => {
  if (skip === false) await site.stop();
});

const row = (page: Page, key: string): Locator => page.locator(`tr[data-key="${key}"]`);
const state = (page: Page, key: string): Locator => row(page, key).locator('.badge');
const shows = (what: Locator, text: string | RegExp): Promise<void> => what.filter({ hasText: text }).waitFor();
/** Names of the servers of a table that are seen, from above. */
const seen = (page: Page, proxy: string): Promise<string[]> =>
  page.locator(`details[data-proxy="${proxy}"] tr.server:visible a.open`).allTextContents();
const focused = (page: Page): Promise<string> => page.evaluate('document.activeElement.textContent || document.activeElement.id');

function story(name: string, looking: Looking, tell: (page: Page) => Promise<void>): void {
  it(name, { skip }, () => look(site, looking, tell));
}

/** By the form itself, so that stories begin alike. */
async function act(server: string, action: string): Promise<void> {
  const headers = { 'content-type': 'application/x-www-form-urlencoded', 'x-admin': 'yes' };
  const { port } = new URL(site.address());
  await ask(Number(port), { method: 'POST', path: '/admin?stats', headers, body: `s=${server}&action=${action}&b=shop` });
}

describe('what is shown', { skip }, () => {
  story('is what is now, without loading the page anew', {}, async (page) => {
    await shows(state(page, 'shop/web-2'), /^UP$/);
    await page.evaluate('globalThis.sameDocument = true');
    site.answer('web-2', 500);
    await shows(state(page, 'shop/web-2'), /^DOWN$/);
    await shows(row(page, 'shop/web-2').locator('.why'), 'Layer7 wrong status 500');
    await shows(page.locator('#news'), 'shop/web-2 is DOWN');
    await until('the title tells', async () => /^\(2 down\)/.test(await page.title()));
    site.answer('web-2', 200);
    await shows(state(page, 'shop/web-2'), /^UP$/);
    assert.equal(await page.evaluate('globalThis.sameDocument'), true);
  });

  story('says so when the connection is lost, and when it is back', { expected: /ERR_FAILED/ }, async (page) => {
    await page.route('**/*live*', (route) => route.abort());
    await shows(page.locator('#live'), 'Connection lost: no answer');
    await shows(page.locator('#age'), /last answer \d+ s ago/);
    await page.unroute('**/*live*');
    await shows(page.locator('#live'), /^Live$/);
  });

  story('stands still with ;norefresh until somebody lets it go on', { rest: ';norefresh' }, async (page) => {
    await shows(page.locator('#live'), 'Paused');
    await shows(page.locator('#shown'), '5 servers');
    let asked = 0;
    page.on('request', () => asked++);
    await act('web-3', 'drain');
    // What would ask asks once a second.
    await outlast(1000);
    assert.equal(asked, 0);
    await shows(state(page, 'shop/web-3'), /^MAINT$/);
    await page.getByRole('button', { name: 'Go on' }).click();
    await shows(state(page, 'shop/web-3'), /^DRAIN$/);
    await act('web-3', 'maint');
  });

  story('is not asked for while nobody sees it', {}, async (page) => {
    const hide = (how: string): string =>
      `Object.defineProperty(document, 'visibilityState', { value: '${how}', configurable: true }); document.dispatchEvent(new Event('visibilitychange'))`;
    await page.evaluate(hide('hidden'));
    let asked = 0;
    page.on('request', () => asked++);
    await outlast(1000);
    assert.ok(asked <= 1, `asked ${asked} times`);
    await page.evaluate(hide('visible'));
    await until('it asks again', () => asked > 1);
  });

  story('may be less, by the words of HAProxy', { rest: ';no-maint;scope=sho' }, async (page) => {
    assert.deepEqual(await seen(page, 'shop'), ['web-1', 'web-2']);
    assert.equal(await page.locator('details.proxy').count(), 1);
    await page.getByRole('link', { name: 'Show maintenance' }).click();
    await row(page, 'shop/web-3').waitFor();
    assert.match(page.url(), /;scope=sho$/);
  });

  story('fits every window from a phone to a large screen', {}, async (page) => {
    for (const width of [1920, 1440, 1366, 1024, 768, 390]) {
      await page.setViewportSize({ width, height: 900 });
      const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
      assert.equal(await page.evaluate(overflow), 0, `${width} pixels`);
      const cut = `Array.from(document.querySelectorAll('details.proxy')).filter((one) => one.scrollWidth > one.clientWidth).length`;
      assert.equal(await page.evaluate(cut), 0, `tables in ${width} pixels`);
      assert.ok(await state(page, 'shop/web-1').isVisible());
    }
  });

  story(
    'is dark where people like it dark, and still where they like it still',
    { colorScheme: 'dark', reducedMotion: 'reduce' },
    async (page) => {
      const color = (of: string): Promise<string> => page.evaluate(`getComputedStyle(document.body).${of}`);
      const dark = [await color('backgroundColor'), await color('color')];
      await page.emulateMedia({ colorScheme: 'light' });
      assert.deepEqual([await color('backgroundColor'), await color('color')].includes(dark[0] ?? ''), false);
      assert.equal(await page.evaluate(`getComputedStyle(document.querySelector('main')).transitionDuration`), '0s');
    },
  );
});

describe('filter, order and folding', { skip }, () => {
  story('find servers by name, state and reason', {}, async (page) => {
    await page.getByRole('searchbox', { name: 'Filter' }).fill('sick');
    await shows(page.locator('#shown'), '1 of 5 servers shown');
    assert.deepEqual([await seen(page, 'shop'), await seen(page, 'other')], [[], ['sick']]);
    await page.getByRole('button', { name: 'Show all' }).click();
    await page.getByRole('button', { name: /maintenance/, pressed: false }).click();
    assert.deepEqual([await seen(page, 'shop'), await seen(page, 'other')], [['web-3'], ['named']]);
    await page.getByRole('button', { name: /maintenance/, pressed: true }).click();
    await page.getByLabel('Problems only').check();
    assert.deepEqual(await seen(page, 'other'), ['sick']);
  });

  story('sort by every column, and tell how', {}, async (page) => {
    const heading = page.getByRole('table', { name: 'shop' }).getByRole('columnheader', { name: /Name/ });
    await heading.getByRole('button').click();
    assert.equal(await heading.getAttribute('aria-sort'), 'ascending');
    await heading.getByRole('button').click();
    assert.equal(await heading.getAttribute('aria-sort'), 'descending');
    assert.deepEqual(await seen(page, 'shop'), ['web-3', 'web-2', 'web-1']);
    assert.equal(await focused(page), 'Name▼');
    for (const button of await page.getByRole('table', { name: 'shop' }).locator('.sort[data-at="0"]:visible').all()) await button.click();
    assert.match(page.url(), /#sort=/);
  });

  story('stand in the address, and survive it', { rest: '#q=web&sort=name.0.down&closed=other' }, async (page) => {
    await shows(page.locator('#shown'), '3 of 5 servers shown');
    assert.deepEqual(await seen(page, 'shop'), ['web-3', 'web-2', 'web-1']);
    await page.getByRole('button', { name: 'Show all' }).click();
    assert.equal(await page.locator('details[data-proxy="other"]').getAttribute('open'), null);
    await page.locator('details[data-proxy="other"] summary').click();
    await until('the address follows', () => !page.url().includes('closed'));
  });
});

describe('details', { skip }, () => {
  story('have every value, the last checks and the origin, and follow', {}, async (page) => {
    await row(page, 'other/sick').getByRole('link', { name: 'sick' }).click();
    const panel = page.getByRole('dialog', { name: 'other/sick' });
    await shows(panel.locator('[data-part="checks"]'), 'Layer7 wrong status 503');
    await shows(panel.locator('[data-part="values"]'), 'need_conn_est');
    await shows(panel.locator('[data-part="origin"]'), 'haproxy.cfg:');
    const count = (): Promise<string | null> => panel.locator('[data-part="state"]').textContent();
    const before = await count();
    await until('they go on', async () => (await count()) !== before);
    await page.reload();
    await shows(page.getByRole('dialog', { name: 'other/sick' }), 'need_conn_est');
  });

  story('open, close and give back the focus by keys alone', {}, async (page) => {
    await page.getByRole('searchbox').focus();
    for (let tabs = 0; (await focused(page)) !== 'web-1' && tabs < 80; tabs++) await page.keyboard.press('Tab');
    assert.equal(await focused(page), 'web-1');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'shop/web-1' }).waitFor();
    assert.equal(await focused(page), 'shop/web-1');
    await page.keyboard.press('Tab');
    assert.equal(await focused(page), 'Close');
    assert.notEqual(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle'), 'none');
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    assert.equal(await focused(page), 'web-1');
  });
});

describe('actions', { skip }, () => {
  story('ask first, say what came of it, and leave everything in its place', { rest: '#q=web' }, async (page) => {
    await page.getByLabel('Select shop/web-1').check();
    await page.getByLabel('Selected servers of shop').selectOption('drain');
    await page.getByRole('button', { name: 'Apply' }).click();
    const dialog = page.getByRole('dialog', { name: 'Drain: web-1?' });
    await shows(dialog, 'finishes what it has and takes nothing new');
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await dialog.waitFor({ state: 'hidden' });
    await shows(state(page, 'shop/web-1'), /^UP$/);
    await page.getByRole('button', { name: 'Apply' }).click();
    await dialog.getByRole('button', { name: 'Drain' }).click();
    await shows(page.locator('#toast'), 'Drain: web-1. Done.');
    await shows(state(page, 'shop/web-1'), /^DRAIN$/);
    await shows(row(page, 'shop/web-1').locator('.why'), 'asked for on this page');
    assert.equal(await page.getByLabel('Select shop/web-1').isChecked(), false);
    assert.match(page.url(), /#q=web$/);
    await act('web-1', 'ready');
  });

  story('warn when nobody would be left', {}, async (page) => {
    for (const name of ['web-1', 'web-2']) await shows(state(page, `shop/${name}`), /^UP$/);
    await page.getByRole('searchbox', { name: 'Filter' }).fill('UP');
    assert.deepEqual(await seen(page, 'shop'), ['web-1', 'web-2']);
    await page.getByRole('table', { name: 'shop' }).getByLabel('Select all servers that are shown').check();
    await shows(page.locator('details[data-proxy="shop"] .marked'), '2 selected');
    await page.getByLabel('Selected servers of shop').selectOption('maint');
    await page.getByRole('button', { name: 'Apply' }).click();
    await shows(page.getByRole('dialog', { name: 'Maintenance: 2 servers?' }), 'Nobody would be left to take traffic');
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    assert.equal(await focused(page), 'Apply');
  });

  story('work from the details, by keys', {}, async (page) => {
    await row(page, 'shop/web-3').getByRole('link', { name: 'web-3' }).press('Enter');
    const panel = page.getByRole('dialog', { name: 'shop/web-3' });
    await panel.getByRole('button', { name: 'Ready' }).press('Enter');
    await page.getByRole('dialog', { name: 'Ready: web-3?' }).waitFor();
    await page.keyboard.press('Enter');
    await shows(panel.locator('[data-part="state"]'), 'no check');
    await shows(state(page, 'shop/web-3'), /^no check$/);
    await act('web-3', 'maint');
  });

  story('are not there for who may not', { admin: false }, async (page) => {
    await row(page, 'shop/web-1').getByRole('link', { name: 'web-1' }).click();
    await page.locator('#panel [data-part="values"]').waitFor();
    assert.equal(await page.locator('form, input[name="s"]').count(), 0);
  });
});

describe('the explain view', { skip }, () => {
  story('tells of sources and of what they have to tell', {}, async (page) => {
    await page.getByRole('link', { name: 'Explain routing' }).click();
    await shows(page.locator('[data-part="sources"]'), 'dns');
    await shows(page.locator('[data-part="notes"]'), 'name nowhere.invalid does not resolve');
    await page.getByRole('searchbox').fill('nobody');
    await shows(page.locator('#shown'), '0 lines shown');
    await page.getByRole('searchbox').fill('nowhere');
    await shows(page.locator('#shown'), '1 lines shown');
  });
});

describe('names that mean harm', { skip }, () => {
  story('are text, in what the server makes and in what the script makes', {}, async (page) => {
    await shows(page.locator('.about'), EVIL);
    await shows(row(page, 'other/sick').locator('.why'), EVIL);
    await page.route('**/*live*', async (route) => {
      const answer = await route.fetch();
      const text = (await answer.text())
        .replaceAll('"web-1"', JSON.stringify(`"'${EVIL}`))
        .replaceAll('"name":"shop"', `"name":${JSON.stringify(EVIL)}`);
      await route.fulfill({ response: answer, body: text });
    });
    await page.locator('#tables h2').filter({ hasText: EVIL }).waitFor();
    const link = page.getByRole('link', { name: `"'${EVIL}` });
    await link.click();
    await shows(page.locator('#panel'), 'There is no such row');
    await page.keyboard.press('Escape');
    await page.getByLabel(EVIL).first().check();
    await page.getByRole('button', { name: 'Apply' }).first().click();
    await shows(page.locator('#confirm'), EVIL);
    assert.equal(await page.locator('img').count(), 0);
  });
});

describe('without scripts', { skip }, () => {
  story('tables, details and actions are there', { javaScriptEnabled: false }, async (page) => {
    await shows(state(page, 'shop/web-1'), /^UP$/);
    assert.equal(await page.locator('meta[http-equiv="refresh"]').getAttribute('content'), '1');
    assert.equal(await page.locator('#tools').isVisible(), false);
    await page.getByLabel('Select shop/web-3').check();
    await page.getByLabel('Selected servers of shop').selectOption('drain');
    await page.locator('details[data-proxy="shop"]').getByRole('button', { name: 'Apply' }).click();
    await shows(page.locator('#toast'), 'Done.');
    await shows(state(page, 'shop/web-3'), /^DRAIN$/);
    await row(page, 'shop/web-3').getByRole('link', { name: 'web-3' }).click();
    await shows(page.locator('[data-part="values"]'), 'need_conn_est');
    await page.getByRole('button', { name: 'Maintenance' }).click();
    await shows(state(page, 'shop/web-3'), /^MAINT$/);
  });
});

describe('two thousand servers', { skip }, () => {
  it('are filtered, sorted and kept up', { skip }, async () => {
    const lines = Array.from({ length: 2000 }, (_, at) => ` server w${at} 127.0.0.1:1`).join('\n');
    const fairlead = await Fairlead.start(
      `defaults\n mode http\n timeout connect 2s\n timeout client 9s\n timeout server 9s\nlisten www\n bind 127.0.0.1:0\n stats uri /s\n stats refresh 1s\n${lines}\n`,
    );
    try {
      const context = await site.browser.newContext();
      const page = await context.newPage();
      await page.goto(`http://127.0.0.1:${fairlead.port('www')}/s`);
      await shows(page.locator('#shown'), '2000 servers');
      // By selectors: the browser is asked for the roles of forty thousand elements otherwise.
      await page.locator('#filter').fill('w1999');
      await shows(page.locator('#shown'), '1 of 2000 servers shown');
      await page.locator('#clear').click();
      await page.locator('.sort[data-sort="name"]').click();
      await page.locator('.sort[data-sort="name"]').click();
      assert.equal(await page.locator('tr.server a.open').first().textContent(), 'w1999');
      await shows(page.locator('#live'), 'Live');
      await context.close();
    } finally {
      await fairlead.stop('SIGKILL');
    }
  });
});
