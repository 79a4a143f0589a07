// A province at work before Chromium: the centre's clerk forwards a dossier with a file of 20 MB
// whose connections are cut in the middle, and the agency without a system takes it out of its
// inbox.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { endPage, launch, newPage } from '../browser.js';

const FILE_BYTES = 20_000_000;
const CUT_AFTER_BYTES = 8_000_000;
const CODE = 'H38.30-261203-0077';
const NAME = 'Đơn số 1.pdf';
const { DESK_CENTRE, DESK_AGENCY, DESK_PASSWORD } = process.env;
const PATIENCE = Number(process.env.PATIENCE ?? 1);

let browser;
before(async () => {
    browser = await launch();
});
after(() => browser.close());

/** Passes a port on, and cuts every connection once when so many bytes have gone to the desk. */
async function cuttingProxy(target) {
    const open = new Set();
    const proxy = { cuts: 0, bytes: 0 };
    const server = createServer((client) => {
        const desk = connect({ host: '127.0.0.1', port: new URL(target).port });
        for (const [from, to] of [
            [client, desk],
            [desk, client],
        ]) {
            open.add(from);
            from.pipe(to);
            from.on('error', () => to.destroy());
            from.on('close', () => {
                open.delete(from);
                to.destroy();
            });
        }
        client.on('data', ({ length }) => {
            proxy.bytes += length;
            if (proxy.cuts > 0 || proxy.bytes < CUT_AFTER_BYTES) return;
            proxy.cuts += 1;
            for (const socket of open) socket.destroy();
        });
    });
    server.unref();
    await new Promise((resolve) => {
        server.listen(0, '127.0.0.1', resolve);
    });
    return Object.assign(proxy, { server, url: `http://127.0.0.1:${server.address().port}` });
}

async function signIn(page, name) {
    await page.goto('/');
    await page.fill('input[name=username]', name);
    await page.fill('input[name=password]', DESK_PASSWORD);
    await page.click('form.signin-form button[type=submit]');
    await page.locator('.nav a').first().waitFor();
}

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

async function downloaded(page, link) {
    const coming = page.waitForEvent('download');
    await link.click();
    const download = await coming;
    assert.equal(download.suggestedFilename(), NAME);
    return sha256(readFileSync(await download.path()));
}

test('a file of 20 MB, cut in the middle, comes to an agency without a system', async () => {
    const content = randomBytes(FILE_BYTES);
    content.write('%PDF-1.7\n');
    const folder = mkdtempSync(join(process.cwd(), 'file-'));
    writeFileSync(join(folder, NAME), content);
    const proxy = await cuttingProxy(DESK_CENTRE);
    const page = await newPage(browser, proxy.url);
    await signIn(page, 'anna');
    await page.locator('.nav a[data-place=forward]').click();
    const chooser = page.waitForEvent('filechooser');
    await page.locator('.drop button').click();
    await (
        await chooser
    ).setFiles(join(folder, NAME));
    await page
        .locator('.file >> text=đã tải lên')
        .waitFor({ timeout: 60_000 * PATIENCE });
    assert.equal(proxy.cuts, 1);
    // What came before the cut was not sent again.
    assert.ok(proxy.bytes < FILE_BYTES + CUT_AFTER_BYTES / 2, `${proxy.bytes} bytes were sent`);
    await page.locator('#procedure').fill('2.002621');
    await page.locator('.options [role=option]').first().click();
    await page.locator('.notice .facts').waitFor();
    await page.locator('input.code').first().fill(CODE);
    const check = page.locator('form.card .buttons button[type=submit]');
    await check.click();
    await page.locator('.error-summary a').first().click(); // of the owner's name
    await page.keyboard.type('Lý A Páo');
    await check.click();
    await page.locator('h2 >> text=Kiểm tra trước khi gửi').waitFor();
    await page.locator('section.card .button.is-primary').click();
    await page.locator('.sent').waitFor();
    await endPage(page);
    proxy.server.close();

    const agency = await newPage(browser, DESK_AGENCY);
    await signIn(agency, 'dung');
    await agency.locator('.nav a[data-place=inbox]').click();
    const item = agency.locator('.inbox-item', { hasText: CODE });
    const again = agency.locator('.changed button');
    await item.or(again).first().waitFor({ timeout: 30_000 * PATIENCE });
    if (!(await item.isVisible())) await again.click();
    await item.locator('details > summary').click();
    const link = item.locator('a.file');
    assert.equal(await downloaded(agency, link), sha256(content));
    await endPage(agency);
});
