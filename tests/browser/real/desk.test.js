// The pages as the desk itself serves them: a wrong password, signing in, every page of a clerk of
// the centre while the adapter is away, and signing out; nothing on the console, no policy broken.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { endPage, launch, newPage } from '../browser.js';

let browser;
before(async () => {
    browser = await launch();
});
after(() => browser.close());

async function signIn(page, password) {
    await page.fill('input[name=username]', 'anna');
    await page.fill('input[name=password]', password);
    await page.click('form.signin-form button[type=submit]');
}

test('a clerk signs in, opens every page of hers, and signs out', async () => {
    const page = await newPage(browser, process.env.DESK_URL);
    const answer = await page.goto('/');
    assert.match(answer.headers()['content-security-policy'], /require-trusted-types-for 'script'/);
    await page.locator('form.signin-form').waitFor();
    await signIn(page, 'sai mật khẩu rồi');
    await page.locator('.notice.is-bad[role=alert]').waitFor();
    await signIn(page, process.env.DESK_PASSWORD);
    await page.locator('.nav a').first().waitFor();
    for (const place of ['landing', 'dossiers', 'forward']) {
        await page.locator(`.nav a[data-place=${place}]`).click();
        await page.locator(`.nav a[data-place=${place}][aria-current=page]`).waitFor();
        await page.locator('main h1').waitFor();
    }
    await page.reload();
    await page.locator('.nav a[aria-current=page]').waitFor();
    await page.locator('.menu > summary').click();
    await page.locator('.menu-panel button').click();
    await page.locator('form.signin-form').waitFor();
    await page.reload();
    await page.locator('form.signin-form').waitFor();
    await endPage(page);
});
