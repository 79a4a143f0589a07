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

// Each language with one theme: a theme changes no width, and a language no colour. English, whose
// words are the shorter ones, at both ends alone.
const KINDS = [
    { language: 'vi', theme: 'light', sizes: Object.keys(SIZES), seen: 'desk' },
    { language: 'en', theme: 'dark', sizes: ['desk', 'small'], seen: 'small' },
];
for (const name of Object.keys(PAGES)) {
    for (const kind of KINDS) {
        test(`${name}, ${kind.language}, ${kind.theme}`, async () => {
            const { language, theme } = kind;
            const { page, missing } = await open(name, { language, theme });
            for (const size of kind.sizes) {
                await page.setViewportSize(SIZES[size]);
                none(await faultsShown(page), size);
                if (size === kind.seen) none(await axeFaults(page), size);
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
