// Every page in both languages, both themes and four widths: nothing is cut, no target is too
// small, axe-core finds nothing serious, the console and the content policy are silent, and every
// text has its words.
import { after, before, test } from 'node:test';
import { axeFaults, cutOff, endPage, launch, none, SIZES, smallTargets } from './browser.js';
import { openPlace, PAGES } from './places.js';
import { servePages } from './serve.js';

let browser, pages;
before(async () => {
    browser = await launch();
    pages = await servePages();
});
after(async () => {
    await browser.close();
    await pages.close();
});

/** What is wrong with what is shown now. */
async function faultsShown(page) {
    const missing = await page.evaluate(() => document.body.innerText.match(/\[[a-z_.]+\]/g) ?? []);
    return [
        ...missing.map((key) => `no words for ${key}`),
        ...(await cutOff(page)),
        ...(await smallTargets(page)),
    ];
}

const open = (name, options) => openPlace(browser, pages.url, name, options);

// Each language with one theme: a theme changes no width, and a language no colour.
const KINDS = [
    { language: 'vi', theme: 'light' },
    { language: 'en', theme: 'dark' },
];
for (const name of Object.keys(PAGES)) {
    for (const kind of KINDS) {
        test(`${name}, ${kind.language}, ${kind.theme}`, async () => {
            const { page, missing } = await open(name, kind);
            for (const size of Object.keys(SIZES)) {
                await page.setViewportSize(SIZES[size]);
                none(await faultsShown(page), size);
                const isSeen = size === (kind.theme === 'light' ? 'desk' : 'phone');
                if (isSeen) none(await axeFaults(page), size);
            }
            none(missing, 'nobody recorded an answer');
            await endPage(page);
        });
    }
}

test('forced colours and no motion', async () => {
    const { page } = await open(Object.keys(PAGES)[1], {
        forcedColors: 'active',
        reducedMotion: 'reduce',
    });
    none(await faultsShown(page));
    await endPage(page);
});
