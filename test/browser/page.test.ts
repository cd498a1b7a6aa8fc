/** The statistics page as people use it, in a real browser. */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { CELLS, type Cell, type CellName, type PageData, type PageProxy, type PageRow } from '../../src/stats/page/shape.ts';
import { FakeEngine } from '../discovery/docker/fake-engine.ts';
import { askCli } from '../support/cli.ts';
import { ask } from '../support/client.ts';
import { Fairlead } from '../support/fairlead.ts';
import { until } from '../support/wait.ts';
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
  page.locator(`details[data-proxy="backend ${proxy}"] tr.server:visible a.open`).allTextContents();
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

/** A server of a busy site that has run for long. */
const NUMBERS: Partial<Readonly<Record<CellName, Cell>>> = {
  ...{ status: 'UP', lastchg: 400_000, check_status: 'L7STS', check_code: 503, check_duration: 1250, last_chk: '', throttle: null },
  ...{ qcur: 150, qmax: 4200, qlimit: 5000, rate: 12_500, rate_max: 22_500, scur: 1250, smax: 8400, slim: 20_000 },
  ...{ stot: 1_234_567_890, lbtot: 123_456_789, lastsess: 5000, bin: 456e9, bout: 789e9, dreq: 12_345, dresp: 123 },
  ...{ ereq: 12_345, econ: 1234, eresp: 12_345, hrsp_5xx: 123_456, rtime: 12_345, wretr: 12_345, wredis: 1234 },
  ...{ weight: 256, uweight: 256, act: 1, bck: 0, chkfail: 123, chkdown: 45, downtime: 400_000 },
};
const LARGE = CELLS.map((name) => NUMBERS[name] ?? null);

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

  story('is the address that a server has moved to', {}, async (page) => {
    const legend = row(page, 'panel/Backend').locator('th small');
    await shows(legend, '127.0.0.1:1,');
    await askCli(join(site.fairlead.folder, 'ctl'), 'set server panel/Backend addr 127.0.0.9 port 99');
    await shows(legend, '127.0.0.9:99');
    assert.equal(await legend.count(), 1);
  });

  story('stands still with ;norefresh until somebody lets it go on', { rest: ';norefresh', clock: true }, async (page) => {
    await shows(page.locator('#live'), 'Paused');
    await shows(page.locator('#shown'), '7 servers');
    let asked = 0;
    page.on('request', () => asked++);
    await act('web-3', 'drain');
    await page.clock.fastForward(60_000);
    assert.equal(asked, 0);
    await shows(state(page, 'shop/web-3'), /^MAINT$/);
    await page.getByRole('button', { name: 'Go on' }).click();
    await shows(state(page, 'shop/web-3'), /^DRAIN$/);
    await act('web-3', 'maint');
  });
});

/** Nothing changes meanwhile. */
describe('the page', { skip, concurrency: 3 }, () => {
  story('is not what another script, or no script at all, can read', { expected: /JSON/ }, async (page) => {
    await page.route('**/*live*', (route) => route.fulfill({ body: '<html>hi' }));
    await shows(page.locator('#live'), 'Connection lost: something else than the statistics answers');
    await page.unroute('**/*live*');
    await page.evaluate('globalThis.sameDocument = true');
    await page.route(
      '**/*live*',
      async (route) => {
        const response = await route.fetch();
        await route.fulfill({ response, json: { ...((await response.json()) as object), made: 'later' } });
      },
      { times: 1 },
    );
    await until('it is loaded anew', async () => (await page.evaluate('globalThis.sameDocument')) === undefined);
    await shows(page.locator('#live'), /^Live$/);
  });

  story('says so when the connection is lost, and when it is back', { expected: /ERR_FAILED/ }, async (page) => {
    await page.route('**/*live*', (route) => route.abort());
    await shows(page.locator('#live'), 'Connection lost: no answer');
    await shows(page.locator('#age'), /last answer \d+ s ago/);
    await page.unroute('**/*live*');
    await shows(page.locator('#live'), /^Live$/);
  });

  story('is not asked for while nobody sees it', { clock: true }, async (page) => {
    const hide = (how: string): string =>
      `Object.defineProperty(document, 'visibilityState', { value: '${how}', configurable: true }); document.dispatchEvent(new Event('visibilitychange'))`;
    await page.evaluate(hide('hidden'));
    let asked = 0;
    page.on('request', () => asked++);
    await page.clock.fastForward(60_000);
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

  // 320 pixels: WCAG 2.2, 1.4.10; 720: 1440 at twice the size.
  story('fits every window from a phone to a large screen, however large its numbers are', {}, async (page) => {
    await page.route('**/*live*', async (route) => {
      const response = await route.fetch();
      const data = (await response.json()) as PageData;
      const rows = (proxy: PageProxy): PageRow[] => proxy.rows.map((row) => (row.side === 'S' ? { ...row, cells: LARGE } : row));
      await route.fulfill({ response, json: { ...data, proxies: data.proxies.map((proxy) => ({ ...proxy, rows: rows(proxy) })) } });
    });
    await shows(row(page, 'shop/web-1'), '1.23\u202fG');
    for (const width of [1920, 1664, 1440, 1366, 1152, 1024, 768, 720, 390, 320]) {
      await page.setViewportSize({ width, height: 900 });
      const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
      assert.equal(await page.evaluate(overflow), 0, `${width} pixels`);
      const cut = `Array.from(document.querySelectorAll('details.proxy')).filter((one) => one.scrollWidth > one.clientWidth).length`;
      assert.equal(await page.evaluate(cut), 0, `tables in ${width} pixels`);
      const clipped = `Array.from(document.querySelectorAll('.tbl th, .tbl td'))
        .filter((cell) => cell.getClientRects().length > 0 && cell.scrollWidth > cell.clientWidth)
        .map((cell) => cell.className + ' ' + cell.textContent)`;
      assert.deepEqual(await page.evaluate(clipped), [], `cells in ${width} pixels`);
      // WCAG 2.2, 2.5.8.
      const small = `Array.from(document.querySelectorAll('.sort, .box'), (one) => one.getBoundingClientRect())
        .filter(({ width, height }) => width > 0 && (width < 24 || height < 24)).length`;
      assert.equal(await page.evaluate(small), 0, `targets in ${width} pixels`);
      assert.ok(await state(page, 'shop/web-1').isVisible());
    }
  });

  story(
    'is dark where people like it dark, and still where they like it still',
    { colorScheme: 'dark', reducedMotion: 'reduce' },
    async (page) => {
      const brightness = async (of: string): Promise<number> => {
        const color = String(await page.evaluate(`getComputedStyle(document.body).${of}`));
        return (color.match(/\d+/g) ?? []).slice(0, 3).reduce((sum, part) => sum + Number(part), 0);
      };
      assert.ok((await brightness('backgroundColor')) < 150 && (await brightness('color')) > 600, 'dark');
      await page.emulateMedia({ colorScheme: 'light' });
      assert.ok((await brightness('backgroundColor')) > 600 && (await brightness('color')) < 150, 'light');
      assert.equal(await page.evaluate(`getComputedStyle(document.querySelector('main')).transitionDuration`), '0s');
    },
  );
});

describe('filter, order and folding', { skip, concurrency: 2 }, () => {
  story('find servers by name, state and reason', {}, async (page) => {
    await page.getByRole('searchbox', { name: 'Filter' }).fill('sick');
    await shows(page.locator('#shown'), '1 of 7 servers shown');
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
    await heading.getByRole('button').click();
    assert.equal(await heading.getAttribute('aria-sort'), null);
    assert.deepEqual(await seen(page, 'shop'), ['web-1', 'web-2', 'web-3']);
    const limits = await page.getByRole('table', { name: 'shop' }).locator('tr.server td:nth-child(5)').allTextContents();
    assert.deepEqual(
      limits.map((text) => text.at(-1)),
      ['7', '9', '–'],
    );
    for (const order of [
      ['web-2', 'web-1', 'web-3'],
      ['web-1', 'web-2', 'web-3'],
    ]) {
      await page.getByRole('table', { name: 'shop' }).locator('.sort[data-sort="sessions"][data-at="2"]').click();
      assert.deepEqual(await seen(page, 'shop'), order);
    }
    for (const button of await page.getByRole('table', { name: 'shop' }).locator('.sort[data-at="0"]:visible').all()) await button.click();
    assert.match(page.url(), /#sort=/);
  });

  story('stand in the address, and survive it', { rest: '#q=web&sort=name.0.down&closed=backend+other' }, async (page) => {
    await shows(page.locator('#shown'), '3 of 7 servers shown');
    assert.deepEqual(await seen(page, 'shop'), ['web-3', 'web-2', 'web-1']);
    await page.getByRole('button', { name: 'Show all' }).click();
    assert.equal(await page.locator('details[data-proxy="backend other"]').getAttribute('open'), null);
    await page.locator('details[data-proxy="backend other"] summary').click();
    await until('the address follows', () => !page.url().includes('closed'));
  });
});

describe('details', { skip, concurrency: 2 }, () => {
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
    await page.getByRole('table', { name: 'shop' }).getByRole('button', { name: 'Sort by Name' }).focus();
    await page.keyboard.press('ArrowRight');
    assert.equal(await focused(page), 'State');
    await page.keyboard.press('ArrowLeft');
    assert.equal(await focused(page), 'Name');
    // One stop for all headings: then the frontend, which a backend has none of, and the box and name of the first server.
    for (let tabs = 0; tabs < 2; tabs++) await page.keyboard.press('Tab');
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

  story('are those of the row in the address, whoever has changed it', { rest: '#open=shop/web-1' }, async (page) => {
    const title = page.locator('#panel-title');
    await shows(title, 'shop/web-1');
    await page.evaluate("location.hash = 'open=shop/web-2'");
    await shows(title, 'shop/web-2');
    assert.equal(await page.locator('#panel input[name="s"]').inputValue(), 'web-2');
    await page.evaluate("location.hash = ''");
    await page.locator('#panel').waitFor({ state: 'hidden' });
    await page.goBack();
    await shows(title, 'shop/web-2');
  });

  story('of rows with one name are told apart', {}, async (page) => {
    const table = page.locator('details[data-proxy="backend panel"]');
    await table.locator('tr.backend a.open').click();
    await shows(page.locator('#panel [data-part="values"]'), 'act');
    assert.equal(await page.locator('#panel [data-part="actions"]').count(), 0);
    await page.keyboard.press('Escape');
    await table.locator('tr.server a.open').click();
    await page.locator('#panel [data-part="actions"]').waitFor();
    assert.equal(await page.locator('#panel-title').textContent(), 'panel/Backend');
  });

  story('cover a phone, and Back closes them', { viewport: { width: 390, height: 800 } }, async (page) => {
    await page.locator('#filter').fill('web');
    const link = row(page, 'shop/web-1').locator('a.open');
    await link.click();
    await page.locator('#panel [data-part="values"]').waitFor();
    for (let tabs = 0; tabs < 2; tabs++) await page.keyboard.press('Shift+Tab');
    assert.equal(await page.evaluate("document.activeElement.closest('main, header') === null"), true);
    await page.goBack();
    await page.locator('#panel').waitFor({ state: 'hidden' });
    assert.match(page.url(), /#q=web$/);
    assert.equal(await focused(page), 'web-1');
    await link.click();
    await page.evaluate("for (let clicks = 0; clicks < 3; clicks++) document.getElementById('panel-close').click()");
    await page.locator('#panel').waitFor({ state: 'hidden' });
    assert.match(page.url(), /#q=web$/);
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

  story('are asked about in a backend whose name the page has, too', {}, async (page) => {
    await page.getByLabel('Select confirm/toast').check();
    await page.getByLabel('Selected servers of confirm').selectOption('drain');
    await page.locator('details[data-proxy="backend confirm"]').getByRole('button', { name: 'Apply' }).click();
    await page.getByRole('dialog', { name: 'Drain: toast?' }).getByRole('button', { name: 'Drain' }).click();
    await shows(page.locator('#toast'), 'Drain: toast. Done.');
    await shows(state(page, 'confirm/toast'), /^DRAIN$/);
  });

  story('are told of once', { rest: ';st=DONE#q=web' }, async (page) => {
    await shows(page.locator('#toast'), 'Done.');
    assert.match(page.url(), /\?stats#q=web$/);
  });

  story('warn when nobody would be left', {}, async (page) => {
    for (const name of ['web-1', 'web-2']) await shows(state(page, `shop/${name}`), /^UP$/);
    await page.getByRole('searchbox', { name: 'Filter' }).fill('UP');
    assert.deepEqual(await seen(page, 'shop'), ['web-1', 'web-2']);
    await page.getByRole('table', { name: 'shop' }).getByLabel('Select all servers that are shown').check();
    await shows(page.locator('details[data-proxy="backend shop"] .marked'), '2 selected');
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
    await page.getByRole('searchbox', { name: 'Filter' }).fill('nobody');
    await shows(page.locator('#shown'), '0 lines shown');
    await page.getByRole('searchbox', { name: 'Filter' }).fill('nowhere');
    await shows(page.locator('#shown'), '1 line shown');
  });
});

describe('the explain view of containers', { skip }, () => {
  let engine: FakeEngine;
  let other: Site;

  before(async () => {
    if (skip !== false) return;
    engine = new FakeEngine();
    await engine.listen();
    engine.create('web-1', { labels: { 'fairlead.host': 'www.example.test' } });
    engine.create('broken', { labels: { 'fairlead.host': 'broken.test', 'fairlead.port': `<b>${EVIL}` } });
    const fairlead = await Fairlead.start(`
docker
 endpoint ${engine.endpoint}
defaults
 mode http
 timeout connect 2s
 timeout client 20s
 timeout server 20s
frontend www
 bind 127.0.0.1:0
 stats uri /admin?stats
 stats admin if TRUE
 docker-routes
`);
    other = { ...site, fairlead, address: (rest = '') => `http://127.0.0.1:${fairlead.port('www')}/admin?stats${rest}` };
  });

  after(async () => {
    if (skip !== false) return;
    await other.fairlead.stop('SIGKILL');
    await engine.dispose();
  });

  const tell = (name: string, looking: Looking, told: (page: Page) => Promise<void>) =>
    it(name, { skip }, () => look(other, looking, told));
  const containers = (page: Page) => page.locator('[data-part="containers"]');
  const answer = (page: Page) => page.locator('[data-part="question"]');

  tell('has each with its verdict, and follows what happens', { rest: ';explain' }, async (page) => {
    await shows(containers(page).locator('tr', { hasText: 'web-1' }), 'routed');
    await shows(containers(page).locator('tr', { hasText: 'broken' }), /not routed.*is refused: label fairlead\.port=<b>/);
    engine.run('late', { labels: { 'fairlead.host': 'late.test' } });
    await shows(containers(page).locator('tr', { hasText: 'late' }), 'late.test/');
    await page.getByRole('searchbox', { name: 'Filter' }).fill('broken');
    await containers(page).locator('tr', { hasText: 'web-1' }).waitFor({ state: 'hidden' });
  });

  tell('tells of one in detail', { rest: ';explain' }, async (page) => {
    await containers(page).getByRole('link', { name: 'web-1' }).click();
    await shows(answer(page).locator('pre'), /container web-1 \(\w+\) is routed.*docker-routes of 'www'.*networks: bridge/s);
    await shows(containers(page).locator('tr', { hasText: 'web-1' }), 'routed');
  });

  for (const javaScriptEnabled of [true, false]) {
    tell(
      `says which rule takes a URL, ${javaScriptEnabled ? 'with' : 'without'} scripts`,
      { rest: ';explain', javaScriptEnabled },
      async (page) => {
        await page.getByLabel('Which rule takes this URL?').fill('http://www.example.test/a?b;c');
        await page.getByRole('button', { name: 'Explain' }).click();
        await shows(answer(page).locator('pre'), /route www\.example\.test\/ of container web-1.*backend web-1/s);
        assert.equal(await page.getByLabel('Which rule takes this URL?').inputValue(), 'http://www.example.test/a?b;c');
      },
    );
  }
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
    await page.locator('details[data-proxy="backend shop"]').getByRole('button', { name: 'Apply' }).click();
    await shows(page.locator('#toast'), 'Done.');
    await shows(state(page, 'shop/web-3'), /^DRAIN$/);
    await row(page, 'shop/web-3').getByRole('link', { name: 'web-3' }).click();
    await shows(page.locator('[data-part="values"]'), 'need_conn_est');
    await page.getByRole('button', { name: 'Maintenance' }).click();
    await shows(state(page, 'shop/web-3'), /^MAINT$/);
  });
});

describe('hundreds of servers', { skip }, () => {
  it('are filtered, sorted and kept up', { skip }, async () => {
    const lines = Array.from({ length: 500 }, (_, at) => ` server w${at} 127.0.0.1:1`).join('\n');
    const fairlead = await Fairlead.start(
      `defaults\n mode http\n timeout connect 2s\n timeout client 9s\n timeout server 9s\nlisten www\n bind 127.0.0.1:0\n stats uri /s\n stats refresh 1s\n${lines}\n`,
    );
    try {
      const context = await site.browser.newContext();
      const page = await context.newPage();
      await page.goto(`http://127.0.0.1:${fairlead.port('www')}/s`);
      await shows(page.locator('#shown'), '500 servers');
      // By selectors: the browser is asked for the roles of ten thousand elements otherwise.
      await page.locator('#filter').fill('w499');
      await shows(page.locator('#shown'), '1 of 500 servers shown');
      await page.locator('#clear').click();
      await page.locator('.sort[data-sort="name"]').click();
      await page.locator('.sort[data-sort="name"]').click();
      assert.equal(await page.locator('tr.server a.open').first().textContent(), 'w499');
      await shows(page.locator('#live'), 'Live');
      await context.close();
    } finally {
      await fairlead.stop('SIGKILL');
    }
  });
});
