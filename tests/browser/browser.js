// Owns: Debian's Chromium for the tests: a page in a language, a theme and a width, and what a page
// may not do in any test: write an error to the console, break its content policy, throw.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const AXE_TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
const SHOWN_MAX = 8;
const WAIT_MS = 5000 * Number(process.env.PATIENCE ?? 1);
// The second half keeps Chromium from asking hosts of its own.
const ARGUMENTS = [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
];

export const SIZES = {
    desk: { width: 1366, height: 768 },
    zoomed: { width: 683, height: 384 }, // 1366 by 768 at 200 %
    phone: { width: 360, height: 740 },
    small: { width: 320, height: 640 }, // the narrowest of WCAG 1.4.10
};

export function launch() {
    const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
    return chromium.launch({ executablePath, args: ARGUMENTS });
}

/** A page whose faults are kept in `faults`. */
export async function newPage(
    browser,
    url,
    { language = 'vi', theme = 'light', size = 'desk', ...options } = {},
) {
    const context = await browser.newContext({
        viewport: SIZES[size],
        baseURL: url,
        locale: 'vi-VN',
        timezoneId: 'Europe/Berlin',
        permissions: ['clipboard-read', 'clipboard-write'],
        ...options,
    });
    context.setDefaultTimeout(WAIT_MS);
    await context.addInitScript(
        ([wanted, shown]) => {
            if (localStorage.getItem('desk.language')) return;
            localStorage.setItem('desk.language', wanted);
            localStorage.setItem('desk.theme', shown);
        },
        [language, theme],
    );
    const page = await context.newPage();
    page.faults = [];
    page.on('pageerror', (error) => page.faults.push(`thrown: ${error.stack ?? error}`));
    page.on('console', (message) => {
        // That an answer was a refusal is what many tests want; the browser says it on the console.
        if (message.type() !== 'error' || /Failed to load resource/.test(message.text())) return;
        page.faults.push(`console: ${message.text()}`);
    });
    return page;
}

/** Ends a page and fails for what it did wrong. */
export async function endPage(page) {
    const { faults } = page;
    await page.context().close();
    none(faults);
}

/** Fails with the first of the faults, if there is one. */
export function none(faults, where = '') {
    assert.ok(faults.length === 0, [where, ...faults.slice(0, SHOWN_MAX)].join('\n'));
}

/** What axe-core finds serious or worse, as texts. It is put in by the protocol, so that the page's
 * content policy stays as it is. */
export async function axeFaults(page) {
    await page.evaluate(AXE);
    const violations = await page.evaluate(async (tags) => {
        const found = await globalThis.axe.run(document, {
            runOnly: tags,
            resultTypes: ['violations'],
        });
        return found.violations;
    }, AXE_TAGS);
    return violations
        .filter(({ impact }) => ['serious', 'critical'].includes(impact))
        .flatMap(({ id, nodes }) =>
            nodes.map(
                ({ target, failureSummary }) =>
                    `${id}: ${target.join(' ')}: ${failureSummary.replaceAll('\n', ' ')}`,
            ),
        );
}

/** Elements that stand out of the page's right edge, or whose words are cut off, as texts. */
export function cutOff(page) {
    return page.evaluate(() => {
        const faults = [];
        const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
        if (wide > 0) faults.push(`the page is ${wide} px wider than its window`);
        for (const element of document.querySelectorAll('body *')) {
            const style = getComputedStyle(element);
            const isScrolled = ['auto', 'scroll'].includes(style.overflowX);
            const hidesOnPurpose = style.clipPath !== 'none' || style.textOverflow === 'ellipsis';
            const isBox =
                element.clientWidth > 0 &&
                !['INPUT', 'TEXTAREA', 'SELECT'].includes(element.tagName);
            if (
                isBox &&
                style.overflowX === 'hidden' &&
                !isScrolled &&
                !hidesOnPurpose &&
                element.scrollWidth > element.clientWidth + 1
            ) {
                faults.push(`cut: ${element.className}: ${element.textContent.slice(0, 60)}`);
            }
        }
        return faults;
    });
}

/** Targets of a pointer smaller than 24 by 24 px that are no words within a text (WCAG 2.5.8). */
export function smallTargets(page) {
    return page.evaluate(() =>
        [...document.querySelectorAll('button, summary, select, input, [role=option]')]
            .filter((element) => element.checkVisibility() && !element.closest('.unseen'))
            .filter((element) => !['checkbox', 'radio', 'file'].includes(element.type))
            .map((element) => ({ element, box: element.getBoundingClientRect() }))
            .filter(({ box }) => box.width > 0 && (box.width < 24 || box.height < 24))
            .map(
                ({ element, box }) =>
                    `${element.outerHTML.slice(0, 80)}: ${box.width} by ${box.height}`,
            ),
    );
}
