// Operators on the pages with recorded answers: a set that is counted and begun by whoever types
// its count, rows that are chosen and held one by one with the result of each, undone again, and a
// gateway that is away.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { answerFrom, refusal } from './answers.js';
import { endPage, launch, newPage } from './browser.js';
import { answersAs } from './places.js';
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

async function open(address, change = () => {}) {
    const page = await newPage(browser, pages.url);
    const all = answersAs('operator');
    change(all);
    await answerFrom(page, all);
    await page.goto(`/${address}`);
    return { page, all };
}

/** Answers a call and keeps what was sent: [[query, body], …]. */
function heard(all, call, answer) {
    const calls = [];
    all[call] = (request, url) => {
        calls.push([Object.fromEntries(url.searchParams), request.postDataJSON()]);
        return answer;
    };
    return calls;
}

test('all that waits for an agency is held by who types the count', async () => {
    const { page, all } = await open('#/landing');
    const planned = heard(all, 'POST /v1/jobs', all['POST /v1/jobs']);
    await page.locator('button[data-key="hold-stc"]').click();
    await page.locator('dialog button.is-primary').click();
    await page.locator('dialog .field-error .icon').waitFor(); // a reason is needed
    assert.equal(planned.length, 0);
    await page.fill('dialog textarea', 'Bảo trì đến 14 giờ');
    await page.locator('dialog button.is-primary').click();
    await page.locator('form.stack input').waitFor();
    assert.deepEqual(planned, [
        [
            { place: 'gateway' },
            { operation: 'hold', destination: 'stc', why: 'Bảo trì đến 14 giờ' },
        ],
    ]);
    const detail = all['GET /v1/jobs/3'];
    const started = [];
    all['POST /v1/jobs/3/start'] = (request, url) => {
        started.push([Object.fromEntries(url.searchParams), request.postDataJSON()]);
        const body = { ...detail.body, progress: 'done', done: 36, entries: [] };
        all['GET /v1/jobs/3'] = { ...detail, body };
        return { body };
    };
    await page.fill('form.stack input', '35');
    await page.locator('form.stack button').click();
    await page.locator('.error-summary:focus').waitFor();
    assert.equal(started.length, 0);
    await page.fill('form.stack input', '36');
    await page.locator('form.stack button').click();
    await page.locator('form.stack').waitFor({ state: 'detached' });
    assert.deepEqual(started, [[{ place: 'gateway' }, { count: 36 }]]);
    await endPage(page);
});

test('rows that are chosen are held one by one, each with its result, and undone', async () => {
    const { page, all } = await open('#/queues/stc');
    const [one, other] = all['GET /v1/queues/stc'].body.entries;
    const path = (entry, what) => `POST /v1/queues/${entry.message_id}/${what}`;
    const held = heard(all, path(one, 'hold'), { body: { message_id: one.message_id } });
    heard(all, path(other, 'hold'), refusal(409, 'under_way'));
    const undone = heard(all, path(one, 'release'), { body: { message_id: one.message_id } });
    await page.locator('button[data-key=bulk-hold]').click();
    assert.equal(await page.locator('dialog').count(), 0);
    await page.locator('table.queue input').nth(0).check();
    await page.locator('table.queue input').nth(1).check();
    await page.locator('button[data-key=bulk-hold]').click();
    await page.fill('dialog textarea', 'Chờ sở sửa');
    await page.locator('dialog button.is-primary').click();
    await page.locator('button[data-key=undo]').waitFor();
    const marks = page.locator('table.queue tbody tr td:last-child');
    assert.match(await marks.nth(0).innerText(), /Xong/);
    assert.match(await marks.nth(1).innerText(), /under_way/);
    const query = { place: 'gateway', sender: 'centre', destination: 'stc' };
    assert.deepEqual(held, [[query, { why: 'Chờ sở sửa' }]]);
    await page.locator('button[data-key=undo]').click();
    await page.locator('button[data-key=bulk-hold]').waitFor();
    await page.waitForFunction(() => document.body.innerText.includes('Xong 1 trên 1'));
    assert.deepEqual(undone, [[query, { why: 'Chờ sở sửa' }]]);
    await endPage(page);
});

test('a gateway that is away is said, and the agencies stay', async () => {
    const away = {
        code: 'gateway_unreachable',
        text_vi: 'Không kết nối được cổng',
        text_en: 'The gateway cannot be reached',
    };
    const { page } = await open('#/queues', (all) => {
        all['GET /v1/queues'].body.gateway = away;
        delete all['GET /v1/queues'].body.registry_version;
        all['GET /v1/jobs'] = refusal(503, 'gateway_unreachable');
    });
    await page.locator('table.queues').waitFor();
    assert.match(await page.locator('.notice.is-warn').innerText(), /Không kết nối được cổng/);
    assert.equal(await page.locator('button[data-key="hold-stc"]').count(), 0);
    await endPage(page);
});

test('whose adapter goes by another registry than the gateway is named', async () => {
    const { page } = await open('#/queues');
    await page.locator('table.queues').waitFor();
    const row = (key) => page.locator('table.queues tr', { hasText: key });
    const notice = page.locator('.notice.is-warn');
    assert.match(await notice.innerText(), /cổng: 2026-12-01\.2\. 1 bộ nối/);
    assert.match(await row('Sở Nội vụ').innerText(), /2026-11-16\.1\s+khác cổng/);
    assert.doesNotMatch(await row('Văn phòng Ủy ban').innerText(), /khác cổng/);
    await endPage(page);
});

test('who may not sees neither the page nor its buttons', async () => {
    const page = await newPage(browser, pages.url);
    await answerFrom(page, answersAs());
    await page.goto('/#/landing');
    await page.locator('table.ages').waitFor();
    assert.equal(await page.locator('[data-key^="hold-"]').count(), 0);
    assert.equal(await page.locator('.nav a[data-place=queues]').count(), 0);
    await page.goto('/#/queues');
    await page.locator('main a[href="#/landing"]').waitFor();
    await endPage(page);
});
