// Draws every page in both languages and themes, and on a phone, as a picture: PLACE/NAME.png. For
// eyes: nothing here says whether they are right. node screenshots.js PLACE [NAME]...
// node screenshots.js PLACE tour: the README's, a page for each role, as a window shows it.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { launch } from './browser.js';
import { openPlace, PAGES } from './places.js';
import { servePages } from './serve.js';

const [place, ...wanted] = process.argv.slice(2);
const TOUR = ['dossier', 'forward', 'inbox', 'queues', 'audit'];
const isTour = wanted[0] === 'tour';
const KINDS = [
    { language: 'vi', theme: 'light', size: 'desk' },
    { language: 'vi', theme: 'dark', size: 'desk' },
    { language: 'en', theme: 'light', size: 'desk' },
    { language: 'en', theme: 'dark', size: 'desk' },
    { language: 'vi', theme: 'light', size: 'phone' },
];

mkdirSync(place, { recursive: true });
const browser = await launch();
const pages = await servePages();
const named = wanted.length > 0 ? wanted : Object.keys(PAGES);
for (const name of isTour ? TOUR : named) {
    for (const kind of isTour ? [KINDS[0]] : KINDS) {
        const { page } = await openPlace(browser, pages.url, name, kind);
        const end = isTour ? '' : `-${kind.language}-${kind.theme}-${kind.size}`;
        const path = join(place, `${name}${end}.png`);
        await page.screenshot({ path, fullPage: !isTour });
        await page.context().close();
    }
}
await browser.close();
await pages.close();
