// The HTML report as a reader meets it: on a desk, on a phone, on paper, in the dark, without its style, by keyboard.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { compared, launch, report, scratch } from './browser.js';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

// A report for every verdict, one that no rule explains, the hostile one, and a large one.
const bundles = {
  incident: 'samples/port-25-blocked',
  two: 'samples/port-25-and-spf.tar.gz',
  abuse: 'samples/stolen-login',
  policy: 'samples/no-reverse-dns.tar.gz',
  degraded: 'tests/cases/domain-loops-back/bundle',
  healthy: 'tests/cases/healthy-busy-newsletter/bundle',
  inconclusive: 'tests/cases/empty-log/mail.log',
  unexplained: 'samples/port-25-blocked',
  hostile: 'tests/cases/hostile-evidence/bundle',
};
const files = {};
let browser;

before(async () => {
  const folder = scratch();
  const without = join(folder, 'rules', 'network-path');
  mkdirSync(without, { recursive: true });
  writeFileSync(join(without, 'off.yaml'), 'id: outbound-port-25-blocked\nenabled: false\n');
  const options = { unexplained: ['--rules', join(folder, 'rules')] };
  for (const [name, bundle] of Object.entries(bundles)) files[name] = report(bundle, folder, name, ...(options[name] ?? []));
  files.comparison = compared(bundles.incident, bundles.incident, folder, 'comparison');
  browser = await launch();
});
after(() => browser?.close());

// Opens a report, and notes every request that it makes and everything that the browser complains of.
async function open(name, { width = 1280, height = 900, scheme = 'light', script = true, url } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme, javaScriptEnabled: script });
  const page = await context.newPage();
  page.requests = [];
  page.complaints = [];
  page.on('request', (request) => page.requests.push(request.url()));
  page.on('console', (message) => page.complaints.push(message.text()));
  page.on('pageerror', (error) => page.complaints.push(String(error)));
  await page.goto(url ?? pathToFileURL(files[name]).href, { waitUntil: 'load' });
  return page;
}

// Every open section and detail, since what is folded is read, too.
const unfold = (page) => page.evaluate(() => document.querySelectorAll('details').forEach((details) => { details.open = true; }));

for (const name of [...Object.keys(bundles), 'comparison']) {
  for (const scheme of ['light', 'dark']) {
    for (const width of [360, 1280]) {
      test(`${name}, ${scheme}, ${width} px: no request, no complaint, no sideways scroll, accessible`, async () => {
        const page = await open(name, { width, scheme });
        await unfold(page);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        assert.equal(wide, 0, 'the page scrolls sideways');
        // axe is put in by the test, past the page's policy, as a reader's own tools are.
        await page.evaluate(axe);
        const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
        const found = violations.map((v) => `${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map((node) => node.html).join(' | ')}`);
        assert.deepEqual(found, []);
        assert.deepEqual(page.requests.filter((url) => !url.startsWith('file:')), []);
        assert.equal(page.requests.length, 1, 'the page loads nothing but itself');
        assert.deepEqual(page.complaints, []);
        await page.context().close();
      });
    }
  }

  test(`${name}: at 320 px, and at 640 px with text twice as large, nothing scrolls sideways`, async () => {
    for (const [width, size] of [[320, '100%'], [640, '200%']]) {
      const page = await open(name, { width });
      await page.evaluate((size) => { document.documentElement.style.fontSize = size; }, size);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.equal(wide, 0, `${width} px, text at ${size}`);
      await page.context().close();
    }
  });

  test(`${name}: on paper nothing is cut`, async () => {
    const page = await open(name, { width: 690 });
    await page.emulateMedia({ media: 'print' });
    const cut = await page.evaluate(() => {
      const out = [];
      for (const element of document.querySelectorAll('main *, footer')) {
        const style = getComputedStyle(element);
        const box = element.getBoundingClientRect();
        const hidden = ['auto', 'scroll', 'hidden'].includes(style.overflowX) && element.scrollWidth > element.clientWidth + 1;
        if (box.width > 0 && (hidden || box.right > document.documentElement.clientWidth + 1)) out.push(element.outerHTML.slice(0, 120));
      }
      return out;
    });
    assert.deepEqual(cut, []);
    const pdf = (await page.pdf({ format: 'A4', preferCSSPageSize: true })).toString('latin1');
    assert.match(pdf, /^%PDF/);
    await page.context().close();
  });

  test(`${name}: injected markup stays text, and could not act`, async () => {
    const page = await open(name);
    const active = await page.evaluate(() => ({
      scripts: document.scripts.length,
      handlers: [...document.querySelectorAll('*')].filter((e) => [...e.attributes].some((a) => a.name.startsWith('on'))).length,
      styled: document.querySelectorAll('[style]').length,
      outside: [...document.querySelectorAll('[src],[href]')].map((e) => e.getAttribute('src') ?? e.getAttribute('href'))
        .filter((url) => !/^(#|https:\/\/|data:image\/)/.test(url)),
    }));
    assert.deepEqual(active, { scripts: 0, handlers: 0, styled: 0, outside: [] });
    await page.context().close();
  });

  test(`${name}: where the style is refused, the report still reads in order`, async () => {
    const html = readFileSync(files[name]);
    const server = createServer((_, response) => {
      response.setHeader('Content-Type', 'text/html; charset=utf-8');
      response.setHeader('Content-Security-Policy', "default-src 'self'; style-src 'self'");
      response.end(html);
    });
    await new Promise((done) => server.listen(0, '127.0.0.1', done));
    const url = `http://127.0.0.1:${server.address().port}/`;
    const bare = await open(name, { url });
    const styled = await open(name);
    const measure = (page) => page.evaluate(() => ({
      height: document.documentElement.scrollHeight,
      width: document.documentElement.scrollWidth,
      giant: [...document.querySelectorAll('svg')].filter((svg) => svg.getBoundingClientRect().width > 900).length,
      charts: [...document.querySelectorAll('svg.chart')].filter((svg) => svg.getBoundingClientRect().height > 0 && svg.closest('figure')).length,
      unlocked: [...document.querySelectorAll('.locknote.open')].filter((note) => note.getBoundingClientRect().height > 0).length,
      words: document.body.innerText.toLowerCase().split(/\s+/).filter(Boolean),
    }));
    const [plain, full] = [await measure(bare), await measure(styled)];
    assert.ok(plain.height < full.height * 2, `${plain.height} px instead of ${full.height}`);
    assert.equal(plain.giant, 0, 'an icon fills the page');
    assert.ok(plain.width <= 1280 * 1.5, `a line makes the page ${plain.width} px wide`);
    assert.equal(plain.charts, full.charts, 'a chart is shown twice or not at all');
    assert.equal(plain.unlocked, 0);
    // The same words, but for the link that a style hides.
    const missing = full.words.filter((word) => !plain.words.includes(word));
    assert.deepEqual(missing, []);
    await bare.context().close();
    await styled.context().close();
    server.close();
  });
}

test('drain unlocks when the boxes of its steps are ticked, without script', async () => {
  const page = await open('incident', { script: false });
  const shut = page.locator('.locknote.shut').first();
  const opened = page.locator('.locknote.open').first();
  assert.ok(await shut.isVisible());
  assert.ok(!(await opened.isVisible()));
  const numbers = [...readFileSync(files.incident, 'utf8').matchAll(/:has\(#s(\d+):checked\)/g)].map((match) => match[1]);
  assert.ok(numbers.length > 0);
  for (const number of new Set(numbers)) await page.locator(`#s${number}`).check();
  assert.ok(!(await shut.isVisible()));
  assert.ok(await opened.isVisible());
  await page.context().close();
});

test('everything that acts or scrolls is reached by keyboard, in the order of the page', async () => {
  const page = await open('incident');
  const wanted = await page.evaluate(() => [...document.querySelectorAll('a[href],input,summary,[tabindex="0"]')]
    .filter((e) => e.checkVisibility()).length);
  const seen = new Set();
  let last = -1;
  for (let at = 0; at < wanted + 5; at += 1) {
    await page.keyboard.press('Tab');
    const place = await page.evaluate(() => {
      const list = [...document.querySelectorAll('a[href],input,summary,[tabindex="0"]')];
      return list.indexOf(document.activeElement);
    });
    if (place < 0) continue;
    if (seen.size < wanted) assert.ok(place > last, 'the focus jumps back');
    last = place;
    seen.add(place);
    if (seen.size === wanted) break;
  }
  assert.ok(seen.size >= wanted, `${seen.size} of ${wanted}`);
  await page.context().close();
});

test('what has the focus shows it', async () => {
  for (const scheme of ['light', 'dark']) {
    const page = await open('incident', { scheme });
    for (let at = 0; at < 12; at += 1) {
      await page.keyboard.press('Tab');
      const outline = await page.evaluate(() => {
        const style = getComputedStyle(document.activeElement);
        return [style.outlineStyle, parseFloat(style.outlineWidth), document.activeElement.tagName];
      });
      assert.ok(outline[0] === 'solid' && outline[1] >= 2, `${outline[2]} in ${scheme}: ${outline.join(' ')}`);
    }
    await page.context().close();
  }
});

test('every verdict has its own face', async () => {
  const faces = {
    incident: ['.card.do', '.card.dont', '#plan'],
    degraded: ['.card.do', '#plan'],
    healthy: ['[aria-labelledby=why]', '[aria-labelledby=looked]'],
    inconclusive: ['.card.ask pre.cmd', '#unchecked'],
  };
  for (const [name, selectors] of Object.entries(faces)) {
    const page = await open(name);
    assert.ok(await page.locator(`.tag.solid.${name}`).isVisible(), name);
    for (const selector of selectors) assert.ok(await page.locator(selector).first().isVisible(), `${name}: ${selector}`);
    assert.equal(await page.locator('.card.ask').count(), name === 'inconclusive' ? 1 : 0, name);
    await page.context().close();
  }
});

test('on a phone no cell of a table is squeezed to a few letters', async () => {
  for (const name of ['two', 'healthy', 'inconclusive', 'hostile']) {
    const page = await open(name, { width: 360 });
    const narrow = await page.evaluate(() => [...document.querySelectorAll('td')]
      .filter((cell) => cell.checkVisibility() && !cell.classList.contains('n') && cell.innerText.length > 12 && cell.clientWidth < 90)
      .map((cell) => cell.innerText.slice(0, 60)));
    assert.deepEqual(narrow, [], name);
    await page.context().close();
  }
});

test('the first screen of a desk holds the whole answer', async () => {
  const page = await open('incident', { width: 1280, height: 900 });
  for (const selector of ['.verdict h1', '.keys', '.card.do', '.card.dont']) {
    const box = await page.locator(selector).boundingBox();
    assert.ok(box && box.y + box.height <= 900, `${selector} ends at ${box?.y + box?.height}`);
  }
  await page.context().close();
});
