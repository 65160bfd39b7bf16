// A Debian Chromium without a network, and the reports to look at.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

const program = process.env.POSTDOC ?? join(root, 'target', 'debug', 'postdoc');

// Background services of the browser itself are off, so that a request that is seen is the page's.
const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--font-render-hinting=none'];

export function launch() {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: flags });
}

// Writes the report on a bundle into the folder; returns its path.
export function report(bundle, folder, name, ...options) {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${name}.html`);
  execFileSync(program, ['analyze', join(root, bundle), '-o', file, ...options], { stdio: ['ignore', 'ignore', 'inherit'] });
  return file;
}

// Writes the comparison of two bundles into the folder; returns its path.
export function compared(before, after, folder, name) {
  const file = join(folder, `${name}.html`);
  execFileSync(program, ['compare', join(root, before), join(root, after), '-o', file], { stdio: ['ignore', 'ignore', 'inherit'] });
  return file;
}

export const scratch = () => mkdtempSync(join(tmpdir(), 'postdoc-browser-'));
