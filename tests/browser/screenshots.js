// Pictures of real sample reports for the README.
import { execFileSync } from 'node:child_process';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { launch, report, scratch } from './browser.js';

const folder = process.argv[2];
mkdirSync(folder, { recursive: true });
const sample = 'samples/port-25-and-spf.tar.gz';
const pictures = [
  { name: 'desk-light', bundle: sample, width: 1180, height: 1560, scheme: 'light' },
  { name: 'desk-dark', bundle: sample, width: 1180, height: 1560, scheme: 'dark' },
  { name: 'phone', bundle: sample, width: 390, height: 1560, scheme: 'light' },
];
const browser = await launch();
const work = scratch();
for (const { name, bundle, width, height, scheme } of pictures) {
  const page = await browser.newPage({ viewport: { width, height }, colorScheme: scheme });
  await page.goto(pathToFileURL(report(bundle, work, name)).href);
  const file = join(folder, `${name}.png`);
  writeFileSync(file, await page.screenshot({ type: 'png' }));
  // A page of text has few colours.
  execFileSync('pngquant', ['--force', '--skip-if-larger', '--strip', '--quality', '60-95', '--output', file, file]);
  console.log(`${file} ${statSync(file).size} bytes`);
  await page.close();
}
await browser.close();
