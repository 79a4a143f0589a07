// The sign-in page and what stands around every page: by mouse and by keyboard alone.
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

async function open(address, as, options) {
    const page = await newPage(browser, pages.url, options);
    const all = answersAs(as);
    await answerFrom(page, all);
    await page.goto(`/${address}`);
    return { page, all };
}
const focused = (page) => page.evaluate(() => document.activeElement.textContent.trim());

test('signing in by keyboard alone, with a second code, to the page asked for', async () => {
    const { page, all } = await open('#/account', 'nobody');
    const asked = [];
    all['POST /v1/sign-in'] = (request) => {
        asked.push(request.postDataJSON());
        return asked.length === 1
            ? refusal(401, 'code_needed')
            : { body: answersAs()['GET /v1/me'].body };
    };
    await page.locator('input[name=username]:focus').waitFor();
    await page.keyboard.press('Enter');
    await page.locator('.error-summary:focus').waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.locator('input[name=username]:focus').waitFor();
    await page.keyboard.type('lan.nt');
    await page.keyboard.press('Tab');
    await page.keyboard.type('mật khẩu của tôi');
    await page.keyboard.press('Enter');
    await page.locator('input[name=code]:focus').waitFor();
    await page.keyboard.type('123 456');
    await page.keyboard.press('Enter');
    await page.locator('form.small-form').first().waitFor();
    assert.deepEqual(asked, [
        { name: 'lan.nt', password: 'mật khẩu của tôi' },
        { name: 'lan.nt', password: 'mật khẩu của tôi', code: '123456' },
    ]);
    assert.equal(await page.evaluate(() => location.hash), '#/account');
    await endPage(page);
});

test('a refusal of sign-in is said in the page, and keeps what was typed', async () => {
    const { page, all } = await open('', 'nobody');
    all['POST /v1/sign-in'] = refusal(401, 'password_wrong', { title_vi: 'Sai tên hoặc mật khẩu' });
    await page.fill('input[name=username]', 'lan.nt');
    await page.fill('input[name=password]', 'x');
    await page.click('button[type=submit]');
    await page.locator('[role=alert] >> text=Sai tên hoặc mật khẩu').waitFor();
    assert.equal(await page.inputValue('input[name=username]'), 'lan.nt');
    all['POST /v1/sign-in'] = 'cut';
    await page.click('button[type=submit]');
    await page.locator('[role=alert] >> text=Không kết nối được máy chủ').waitFor();
    await endPage(page);
});

test('a double click signs in once', async () => {
    const { page, all } = await open('', 'nobody');
    let count = 0;
    all['POST /v1/sign-in'] = () => {
        count += 1;
        return refusal(401, 'password_wrong');
    };
    await page.fill('input[name=username]', 'lan.nt');
    await page.fill('input[name=password]', 'x');
    await page.dblclick('button[type=submit]');
    await page.locator('[role=alert] .small').waitFor();
    assert.equal(count, 1);
    await endPage(page);
});

test('a session that ends leads to sign-in and back to the same page', async () => {
    const { page, all } = await open('#/landing');
    await page.locator('table.ages').waitFor();
    all['POST /v1/password'] = { status: 401, body: { code: 'session_over' } };
    await page.goto('/#/account');
    await page.locator('form.small-form input').first().fill('old one');
    await page.locator('form.small-form input').nth(1).fill('a new long one');
    await page.locator('form.small-form button').first().click();
    await page.locator('form.signin-form').waitFor();
    await page.fill('input[name=username]', 'lan.nt');
    await page.fill('input[name=password]', 'x');
    await page.click('button[type=submit]');
    await page.locator('form.small-form').first().waitFor();
    await endPage(page);
});

test('language and theme change at once and are kept', async () => {
    const { page } = await open('#/landing');
    await page.locator('table.ages').waitFor();
    assert.equal(await page.getAttribute('html', 'lang'), 'vi');
    await page.click('#language');
    await page.locator('h1 >> text=Overview').waitFor();
    assert.equal(await page.getAttribute('html', 'lang'), 'en');
    await page.click('button[aria-label="Theme: light"]');
    assert.equal(await page.getAttribute('html', 'data-theme'), 'dark');
    await page.reload();
    await page.locator('h1 >> text=Overview').waitFor();
    assert.equal(await page.getAttribute('html', 'data-theme'), 'dark');
    await endPage(page);
});

test('the keyboard skips to the page, and a new page gives its heading the focus', async () => {
    const { page } = await open('#/landing');
    await page.locator('table.ages').waitFor();
    await page.keyboard.press('Tab');
    assert.equal(await focused(page), 'Đến nội dung chính');
    await page.keyboard.press('Enter');
    assert.equal(await focused(page), 'Tổng quan');
    await page.keyboard.press('Control+k');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'search');
    await page.locator('summary').click();
    await page.locator('.menu-panel a').click();
    await page.locator('h1:focus >> text=Tài khoản của tôi').waitFor();
    assert.equal(await page.title(), 'Tài khoản của tôi – Liên Thông');
    await endPage(page);
});

test('what a server says in markup is shown as the words that it is', async () => {
    const { page, all } = await open('', 'nobody');
    all['POST /v1/sign-in'] = refusal(401, 'password_wrong', {
        title_vi: '<img src=x onerror=alert(1)>',
    });
    await page.fill('input[name=username]', 'lan.nt');
    await page.fill('input[name=password]', 'x');
    await page.click('button[type=submit]');
    await page.locator('[role=alert] >> text=<img src=x').waitFor();
    assert.equal(await page.locator('[role=alert] img').count(), 0);
    await endPage(page);
});

test('script that was put into the page does not run', async () => {
    const { page } = await open('', 'nobody');
    await page.locator('form.signin-form').waitFor();
    const reports = await page.evaluate(async () => {
        const seen = new Promise((resolve) => {
            addEventListener('securitypolicyviolation', (event) =>
                resolve(event.effectiveDirective),
            );
        });
        const script = document.createElement('script');
        try {
            script.textContent = 'globalThis.planted = 1';
        } catch {
            /* Trusted Types */
        }
        document.body.append(script);
        return [await seen, globalThis.planted];
    });
    assert.deepEqual(reports, ['require-trusted-types-for', undefined]);
    await page.context().close();
});
