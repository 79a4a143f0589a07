// A day's work on the pages with recorded answers: finding a dossier, writing and sending a message
// with a file that is cut in the middle, taking and refusing, and what happens while one looks.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { answerFrom, refusal } from './answers.js';
import { endPage, launch, newPage } from './browser.js';
import { answersAs } from './places.js';
import { servePages } from './serve.js';

const CODE = 'H38.30-261110-4724';
const UPLOAD = '0123456789abcdef0123456789abcdef';
const UPLOADS = `/v1/uploads/${UPLOAD}`;

let browser, pages;
before(async () => {
    browser = await launch();
    pages = await servePages();
});
after(async () => {
    await browser.close();
    await pages.close();
});

async function open(address, as, change = () => {}) {
    const page = await newPage(browser, pages.url);
    const all = answersAs(as);
    change(all);
    await answerFrom(page, all);
    await page.goto(`/${address}`);
    return { page, all };
}
const hash = (page) => page.evaluate(() => decodeURIComponent(location.hash));

/** Calls of a path, with their query, as they come. */
function heard(all, call, answer) {
    const queries = [];
    all[call] = (request, url) => {
        queries.push(Object.fromEntries(url.searchParams));
        return typeof answer === 'function' ? answer(request, url) : answer;
    };
    return queries;
}

test('the fields of a search stand in the address; a wrong day is said', async () => {
    const { page, all } = await open('#/dossiers');
    const queries = heard(all, 'GET /v1/dossiers', all['GET /v1/dossiers']);
    await page.locator('.filters > summary').click();
    await page.fill('input[name=due_to]', '31/02/2026');
    await page.locator('.filters button').click();
    await page.locator('.error-summary:focus').waitFor();
    await page.fill('input[name=due_to]', '3/12/2026');
    await page.fill('.filters input[name=q]', 'chủ:"lý a páo"');
    await page.selectOption('select[name=state]', 'processing');
    await page.locator('.filters button').click();
    await page.locator('.chip').nth(2).waitFor();
    assert.match(await hash(page), /due_to=2026-12-03/);
    assert.deepEqual(queries.at(-1), {
        limit: '50',
        q: 'chủ:"lý a páo"',
        state: 'processing',
        due_to: '2026-12-03',
    });
    await page.locator('.chip >> text=Từ cần tìm').click();
    await page.locator('.chip').nth(1).waitFor();
    assert.equal(queries.at(-1).q, undefined);
    await page.locator('a[rel=next]').click();
    await page.locator('text=Trang đầu').waitFor();
    assert.equal(queries.at(-1).after, 'c24');
    await page.goBack();
    await page.locator('a[rel=next]').waitFor();
    await endPage(page);
});

test('a code in the search box goes straight to its dossier', async () => {
    const { page, all } = await open('#/landing');
    all['GET /v1/dossiers'] = {
        body: { dossiers: [], count: 0, count_is_capped: false, exact: CODE },
    };
    await page.locator('#search').fill('h38 30 261110 4724');
    await page.keyboard.press('Enter');
    await page.locator(`h1 >> text=${CODE}`).waitFor();
    assert.equal(await hash(page), `#/dossiers/${CODE}`);
    await endPage(page);
});

/** What is shown after sending follows the message to its recipient's receipt. */
async function receiptsComeIn(page, all) {
    const message_id = '01997b6e-0000-7000-8000-000000000900';
    const receipt = (signer, type_vi, more) => ({
        type_vi,
        signer,
        destination: signer,
        time: '2026-12-03T09:30:01+07:00',
        receipt_id: `01997b6e-0000-7000-8000-0000000009${more.end}`,
        ...more,
    });
    const receipts = [];
    all[`GET /v1/messages/${message_id}`] = () => ({
        body: { message_id, to: 'stnmt', to_vi: 'Sở Tài nguyên và Môi trường', receipts },
    });
    const tell = () =>
        page.evaluate(() =>
            new BroadcastChannel('desk-events').postMessage({
                id: '9',
                event: { kind: 'message', id: 'x', version: 1 },
            }),
        );
    await page.locator('text=Đang chờ biên nhận tiếp quản').waitFor();
    receipts.push(receipt('gateway', 'Biên nhận tiếp quản', { end: '01' }));
    await tell();
    await page.locator('text=đang chờ biên nhận của Sở Tài nguyên').waitFor();
    receipts.push(
        receipt('portal', 'Biên nhận đã giao', { end: '02' }),
        receipt('stnmt', 'Biên nhận đã giao', { end: '03', office_reference: 'BN-7' }),
    );
    await tell();
    await page.locator('.receipts >> text=BN-7').waitFor();
    assert.equal(await page.locator('.receipts > li').count(), 2);
    assert.equal(await page.locator('text=đang chờ biên nhận').count(), 0);
}

test('a whole forward by keyboard alone, its file cut in the middle', async () => {
    const { page, all } = await open('#/forward');
    const sent = [];
    const offsets = [];
    let received = 0;
    const upload = (state) => ({
        body: {
            upload: UPLOAD,
            name: 'don.pdf',
            size_bytes: 700000,
            received_bytes: received,
            state,
            ...(state === 'stored' && { sha256: 'a'.repeat(64), media_type: 'application/pdf' }),
        },
    });
    all[`GET ${UPLOADS}`] = () => upload('receiving');
    all['POST /v1/uploads'] = () => ({ ...upload('receiving'), status: 201 });
    all[`PUT ${UPLOADS}`] = (request, url) => {
        offsets.push(Number(url.searchParams.get('offset')));
        if (offsets.length === 2) return 'cut';
        received += request.postDataBuffer().length;
        return upload(received === 700000 ? 'stored' : 'receiving');
    };
    all['POST /v1/messages'] = (request) => {
        sent.push({ ...request.postDataJSON(), key: request.headers()['idempotency-key'] });
        return sent.length === 1
            ? refusal(400, 'dossier_code_invalid', {
                  detail: 'dossier_code',
                  title_vi: 'Mã hồ sơ không đúng dạng',
              })
            : {
                  status: 202,
                  body: {
                      message_id: '01997b6e-0000-7000-8000-000000000900',
                      dossier_code: 'H38.30-261203-0042',
                      state: 'queued',
                      state_vi: 'chờ gửi',
                      repeated: false,
                  },
              };
    };
    const chooser = page.waitForEvent('filechooser');
    await page.locator('.drop button').focus();
    await page.keyboard.press('Enter');
    await (
        await chooser
    ).setFiles({ name: 'don.pdf', mimeType: 'application/pdf', buffer: Buffer.alloc(700000, 'x') });
    await page.locator('.file >> text=đã tải lên').waitFor();
    assert.deepEqual(offsets, [0, 524288, 524288]);

    await page.locator('#procedure').focus();
    await page.keyboard.type('dang ky');
    await page.locator('.options [role=option]').first().waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.locator('.notice .facts').waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.type('H38.30-261203-004');
    await page.keyboard.press('Enter');
    await page.locator('.error-summary:focus').waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.keyboard.type('Lý A Páo');
    await page.keyboard.press('Enter');
    await page.locator('h2:focus >> text=Kiểm tra trước khi gửi').waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.locator('.error-summary:focus >> text=Mã hồ sơ không đúng dạng').waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.keyboard.type('2');
    await page.keyboard.press('Enter');
    await page.locator('h2:focus').waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.locator('text=01997b6e-0000-7000-8000-000000000900').waitFor();
    await receiptsComeIn(page, all);
    assert.equal(sent[1].dossier_code, 'H38.30-261203-0042');
    assert.equal(sent[1].body.owner.name, 'Lý A Páo');
    assert.equal(sent[1].key, sent[0].key);
    assert.deepEqual(sent[1].attachments, [
        { sha256: 'a'.repeat(64), name: 'don.pdf', media_type: 'application/pdf' },
    ]);
    await endPage(page);
});

test('a draft survives a reload, and one that was saved elsewhere is not overwritten', async () => {
    const { page, all } = await open('#/forward');
    let kept = null;
    all['POST /v1/drafts'] = (request) => {
        kept = {
            draft: 8,
            version: 1,
            changed: '2026-12-03T09:30:00+07:00',
            ...request.postDataJSON(),
        };
        return { status: 201, body: kept };
    };
    all['GET /v1/drafts/8'] = () => ({ body: kept });
    all['PUT /v1/drafts/8'] = refusal(409, 'stale');
    await page.locator('input.code').fill('H38.30-261203-0042');
    await page.locator('.draft-state >> text=Đã lưu nháp').waitFor();
    await page.reload();
    await page.locator('input.code').waitFor();
    assert.equal(await page.inputValue('input.code'), 'H38.30-261203-0042');
    await page.locator('textarea').first().fill('thêm');
    await page.locator('.draft-state.is-bad').waitFor();
    await endPage(page);
});

test('taking and refusing: the row says so at once, a refusal needs its reason', async () => {
    const { page, all } = await open('#/inbox', 'agency_clerk');
    const asked = [];
    const first = all['GET /v1/inbox'].body.messages[0].message_id;
    all[`POST /v1/inbox/${first}/accept`] = (request) => {
        asked.push(request.postDataJSON());
        return { body: { message_id: first, state: 'delivered', state_vi: 'đã giao' } };
    };
    await page.locator('.inbox-actions .is-primary').first().click();
    await page.locator('dialog input:focus').fill('BN-7');
    await page.keyboard.press('Enter');
    await page.locator('.inbox-item').first().locator('.mark >> text=đã tiếp nhận').waitFor();
    assert.deepEqual(asked, [{ office_reference: 'BN-7' }]);
    await page.locator('.inbox-actions .is-danger').first().click();
    await page.locator('dialog button.is-danger').click();
    await page.locator('dialog .field-error >> text=Nhập lý do').waitFor();
    await page.keyboard.press('Escape');
    await page.locator('dialog').waitFor({ state: 'detached' });
    assert.equal(await page.locator('.inbox-actions .is-danger').count(), 8);
    await endPage(page);
});

test('what happens elsewhere is shown without moving what one reads', async () => {
    const { page } = await open('#/dossiers', undefined, (answers) => {
        const { dossiers } = answers['GET /v1/dossiers'].body;
        const changed = dossiers.map((row, at) =>
            at === 1 ? { ...row, state: 'result', state_vi: 'có kết quả', version: 99 } : row,
        );
        let calls = 0;
        answers['GET /v1/dossiers'] = () => {
            calls += 1;
            return {
                body: {
                    dossiers: calls === 1 ? dossiers : [...changed].reverse(),
                    count: 24,
                    count_is_capped: false,
                },
            };
        };
    });
    await page.locator('table.dossiers').waitFor();
    const codes = await page.locator('tbody th a.code').allTextContents();
    await page.evaluate(() =>
        new BroadcastChannel('desk-events').postMessage({
            id: '9',
            event: { kind: 'dossier', id: 'x', version: 1 },
        }),
    );
    await page.locator('.changed button').waitFor();
    assert.deepEqual(await page.locator('tbody th a.code').allTextContents(), codes);
    await page.locator('tbody tr').nth(1).locator('.mark >> text=có kết quả').waitFor();
    await page.locator('.changed button').click();
    await page.locator('.changed:empty').waitFor({ state: 'attached' });
    assert.deepEqual(await page.locator('tbody th a.code').allTextContents(), codes.reverse());
    await endPage(page);
});

test('content that a role may not see is said to be hidden', async () => {
    const { page, all } = await open(`#/dossiers/${CODE}`, 'operator');
    const id = '01997b6e-0000-7000-8000-000000000001';
    const { body } = all[`GET /v1/messages/${id}`];
    all[`GET /v1/messages/${id}`] = {
        body: { ...body, body: undefined, attachments: undefined, content_hidden: true },
    };
    await page.locator('.message > summary').first().click();
    await page.locator('.message-content >> text=không xem được nội dung').waitFor();
    await endPage(page);
});

test('an operator sends a refused message again with a reason for the audit', async () => {
    const { page, all } = await open(`#/dossiers/${CODE}`);
    const asked = [];
    all['POST /v1/queues/01997b6e-0000-7000-8000-000000000005/again'] = (request) => {
        asked.push(request.postDataJSON());
        return { body: { message_id: '01997b6e-0000-7000-8000-000000000905' } };
    };
    await page.locator('button >> text=Gửi lại thông điệp bị từ chối').click();
    await page.locator('dialog textarea').fill('Sở đã sửa hệ thống');
    await page.locator('dialog button.is-primary').click();
    await page.locator('.said >> text=Đã thực hiện').waitFor();
    assert.deepEqual(asked, [{ why: 'Sở đã sửa hệ thống' }]);
    await endPage(page);
});
