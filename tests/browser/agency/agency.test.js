// An agency without a system at work, and the centre, each on the desk's own pages before a real
// adapter: a dossier is forwarded at the centre, taken at the agency, asked about, the supplement
// handed in, the result returned and seen at the centre; each page hears of what comes.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { axeFaults, endPage, launch, newPage, none } from '../browser.js';

const CODE = 'H38.10-261201-0042';
// A message goes through two adapters and the gateway, and comes to a page by an event.
const TRAVEL_MS = 30000 * Number(process.env.PATIENCE ?? 1);

let browser;
before(async () => {
    browser = await launch();
});
after(() => browser.close());

async function enter(url, name) {
    const page = await newPage(browser, url);
    await page.goto('/');
    await page.fill('input[name=username]', name);
    await page.fill('input[name=password]', process.env.DESK_PASSWORD);
    await page.click('form.signin-form button[type=submit]');
    await page.locator('.nav a').first().waitFor();
    return page;
}

const toPlace = (page, place) => page.locator(`.nav a[data-place=${place}]`).click();

/** From the form to the receipt's number. */
async function send(page) {
    await page.locator('form.card button[type=submit]').click();
    await page.locator('section.card button', { hasText: 'Ký và gửi' }).click();
    await page.locator('section.sent .code').first().waitFor();
}

/** The message of a type about the dossier is in the inbox, and is taken. */
async function take(page, typeName) {
    await toPlace(page, 'inbox');
    const item = page.locator('.inbox-item', { hasText: CODE }).filter({ hasText: typeName });
    const reload = page.locator('.changed button');
    await item.or(reload).first().waitFor({ timeout: TRAVEL_MS });
    if (await reload.isVisible()) await reload.click();
    await item.waitFor({ timeout: TRAVEL_MS });
    await item.locator('.is-primary').click();
    await page.locator('dialog .is-primary').click();
    await item.locator('.mark.is-good').waitFor();
}

/** The dossier's page, as soon as it is in this state. */
async function openDossier(page, state) {
    await page.goto(`/#/dossiers/${CODE}`);
    await page.locator('.marks', { hasText: state }).waitFor({ timeout: TRAVEL_MS });
}

async function forward(page) {
    await toPlace(page, 'forward');
    await page.locator('#procedure').fill('dang ky bien phap bao dam');
    await page.locator('.options [role=option]').first().click();
    await page.locator('.notice .facts').waitFor();
    await page.getByLabel('Mã hồ sơ').first().fill(CODE);
    await page.getByLabel('Tên', { exact: false }).first().fill('Lò Thị Đào');
    await send(page);
}

async function askSupplement(page) {
    await openDossier(page, 'Đang giải quyết');
    await page.locator('a.button', { hasText: 'Yêu cầu bổ sung' }).click();
    await page.getByLabel('Lý do').first().fill('Thiếu bản vẽ');
    await send(page);
}

async function answerSupplement(page) {
    await openDossier(page, 'Chờ bổ sung');
    await page.locator('a.button', { hasText: 'Bổ sung' }).click();
    await page.getByLabel('Ghi chú').first().fill('Bản vẽ đã có');
    await send(page);
}

async function returnResult(page) {
    await openDossier(page, 'Đang giải quyết');
    await page.locator('a.button', { hasText: 'Trả kết quả' }).click();
    await page.getByLabel('Trạng thái').first().selectOption({ label: 'Đã xử lý xong' });
    await send(page);
}

test('an agency without a system works on a dossier from its inbox to its result', async () => {
    const centre = await enter(process.env.DESK_CENTRE, 'motcua');
    const agency = await enter(process.env.DESK_AGENCY, 'canbo');
    const first = agency.locator('.nav a[aria-current=page]');
    assert.equal(await first.getAttribute('data-place'), 'inbox');
    for (const place of ['landing', 'forward', 'people', 'audit'])
        assert.equal(await agency.locator(`.nav a[data-place=${place}]`).count(), 0);
    await forward(centre);
    await take(agency, 'Chuyển hồ sơ');
    await askSupplement(agency);
    await take(centre, 'Yêu cầu bổ sung');
    await answerSupplement(centre);
    await take(agency, 'Bổ sung');
    await returnResult(agency);
    none(await axeFaults(agency));
    await openDossier(centre, 'Có kết quả, chờ trả');
    await toPlace(centre, 'landing');
    await centre.locator('a.view[href*="results"]').click();
    await centre.locator('table.dossiers', { hasText: CODE }).waitFor();
    await endPage(agency);
    await endPage(centre);
});
