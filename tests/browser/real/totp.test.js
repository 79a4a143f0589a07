// A second code in Chromium: turned on with the password, asked for at the next sign-in, good once,
// and given up again.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, test } from 'node:test';
import { endPage, launch, newPage } from '../browser.js';

const STEP_MS = 30_000;
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const { DESK_PASSWORD, DESK_URL } = process.env;

let browser;
before(async () => {
    browser = await launch();
});
after(() => browser.close());

/** The code of a step (RFC 6238) of a secret in base 32. */
function codeOf(secret, step) {
    const bits = [...secret].map((letter) => LETTERS.indexOf(letter).toString(2).padStart(5, '0'));
    const key = Buffer.from(bits.join('').match(/.{8}/g).map((byte) => parseInt(byte, 2)));
    const counter = Buffer.alloc(8);
    counter.writeBigUInt64BE(BigInt(step));
    const hash = createHmac('sha1', key).update(counter).digest();
    const number = hash.readUInt32BE(hash[19] & 15) & 0x7fffffff;
    return String(number % 1_000_000).padStart(6, '0');
}

async function beginSignIn(page) {
    await page.locator('form.signin-form').waitFor();
    await page.fill('input[name=username]', 'lan');
    await page.fill('input[name=password]', DESK_PASSWORD);
    await page.click('form.signin-form button[type=submit]');
}

async function signOut(page) {
    await page.locator('.menu > summary').click();
    await page.locator('.menu-panel button').click();
}

const accountCard = (page) =>
    page.locator('section.card', { hasText: 'Mã xác thực khi đăng nhập' });

async function showPassword(page, password) {
    await accountCard(page).locator('input[type=password]').fill(password);
    await accountCard(page).locator('button[type=submit]').click();
}

test('a second code is turned on, asked for, good once, and given up', async () => {
    const page = await newPage(browser, DESK_URL);
    await page.goto('/');
    await beginSignIn(page);
    await page.locator('.nav a').first().waitFor();
    await page.goto('/#/account');
    await showPassword(page, 'sai mật khẩu rồi');
    await accountCard(page).locator('.field-error').waitFor(); // and nobody is signed out
    await showPassword(page, DESK_PASSWORD);
    const secret = await accountCard(page).locator('.secret').textContent();
    const step = Math.floor(Date.now() / STEP_MS);
    await accountCard(page).locator('input').fill(codeOf(secret, step));
    await accountCard(page).locator('button[type=submit]').click();
    await page.locator('.recovery li').first().waitFor();
    const codes = await page.locator('.recovery li').allTextContents();
    assert.equal(codes.length, 10);

    await signOut(page);
    await beginSignIn(page);
    await page.fill('input[name=code]', codeOf(secret, step));
    await page.click('form.signin-form button[type=submit]');
    await page.locator('.notice.is-bad').waitFor(); // it was used to confirm
    await page.fill('input[name=password]', DESK_PASSWORD);
    await page.fill('input[name=code]', codes[0]);
    await page.click('form.signin-form button[type=submit]');
    await page.locator('.nav a').first().waitFor();
    await page.goto('/#/account');
    await showPassword(page, DESK_PASSWORD);
    await accountCard(page).locator('button >> text=Bật mã xác thực').waitFor();
    await signOut(page);
    await beginSignIn(page);
    await page.locator('.nav a').first().waitFor();
    await endPage(page);
});
