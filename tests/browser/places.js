// Owns: the pages as tests and `make screenshots` open them: as whom, at which address, what shows
// that they stand, and what is done first.
import { answerFrom, recorded } from './answers.js';
import { newPage } from './browser.js';

// The answers are of this moment.
const NOW = '2026-12-03T09:30:00+07:00';

export const PAGES = {
    'sign-in': { as: 'nobody', address: '', ready: 'form.signin-form' },
    'landing': { address: '#/landing', ready: 'table.ages' },
    'landing-operator': { as: 'operator', address: '#/landing', ready: 'table.ages' },
    'dossiers': { address: '#/dossiers', ready: 'table.dossiers' },
    'dossiers-filtered': {
        address: '#/dossiers?view=overdue&channel=2&due_to=2026-12-03',
        ready: 'table.dossiers',
        prepare: (page) => page.locator('.filters > summary').click(),
    },
    'dossier': {
        address: '#/dossiers/H38.30-261110-4724',
        ready: '.timeline',
        prepare: async (page) => {
            await page.locator('.message > summary').first().click();
            await page.locator('.message-content .files').waitFor();
        },
    },
    'forward': {
        address: '#/forward',
        ready: 'form.card',
        prepare: async (page) => {
            await page.locator('#procedure').fill('dat');
            await page.locator('.options [role=option]').first().click();
            await page.locator('.notice .facts').waitFor();
        },
    },
    'forward-faults': {
        address: '#/forward',
        ready: 'form.card',
        prepare: async (page) => {
            await page.locator('form.card button[type=submit]').click();
            await page.locator('.error-summary a').first().waitFor();
        },
    },
    'send': {
        as: 'agency_clerk',
        address: '#/send?type=result&dossier=H38.30-261110-4724',
        ready: 'form.card',
    },
    'inbox': { as: 'agency_clerk', address: '#/inbox', ready: '.inbox-item' },
    'inbox-refuse': {
        as: 'agency_clerk',
        address: '#/inbox',
        ready: '.inbox-item',
        prepare: (page) => page.locator('.inbox-actions .is-danger').first().click(),
    },
    'queues': { as: 'operator', address: '#/queues', ready: 'table.queues' },
    'queue': {
        as: 'operator',
        address: '#/queues/stc',
        ready: 'table.queue',
        prepare: (page) => page.locator('table.queue input').first().check(),
    },
    'job-counted': { as: 'operator', address: '#/jobs/3', ready: 'form.stack' },
    'job-done': { as: 'operator', address: '#/jobs/2', ready: 'table' },
    'people': { as: 'operator', address: '#/people', ready: '.as-cards' },
    'audit': { as: 'operator', address: '#/audit', ready: '.as-cards' },
    'account': { address: '#/account', ready: 'form.small-form' },
    'no-such-page': { address: '#/nothing', ready: 'main a' },
};

/** The answers as somebody gets them: 'nobody', a role that was recorded; by default the clerk. */
export function answersAs(as) {
    const all = recorded();
    if (as === 'nobody') all['GET /v1/me'] = { status: 401, body: { code: 'session_over' } };
    else if (as) all['GET /v1/me'] = all[`GET /v1/me?as=${as}`];
    return all;
}

/** Opens a page by its name here. @returns { page, missing } */
export async function openPlace(browser, url, name, options) {
    const { as, address, ready, prepare } = PAGES[name];
    const page = await newPage(browser, url, options);
    await page.clock.setFixedTime(NOW);
    const missing = await answerFrom(page, answersAs(as));
    await page.goto(`/${address}`);
    await page.locator(ready).first().waitFor();
    await prepare?.(page);
    return { page, missing };
}
