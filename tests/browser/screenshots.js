// Draws every page in both languages and themes, and on a phone, as a picture: PLACE/NAME.png. For
// eyes: nothing here says whether they are right. node screenshots.js PLACE [NAME]...
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { launch } from './browser.js';
import { openPlace, PAGES } from './places.js';
import { servePages } from './serve.js';

const [place, ...wanted] = process.argv.slice(2);
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
for (const name of wanted.length > 0 ? wanted : Object.keys(PAGES)) {
    for (const kind of KINDS) {
        const { page } = await openPlace(browser, pages.url, name, kind);
        const file = `${name}-${kind.language}-${kind.theme}-${kind.size}.png`;
        await page.screenshot({ path: join(place, file), fullPage: true });
        await page.context().close();
    }
}
await browser.close();
await pages.close();
