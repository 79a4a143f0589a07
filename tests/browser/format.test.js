// How moments are written: a deadline is a day, what happened has its time.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';

const WEB = join(process.env.ROOT, 'adapters/desk/web');
const load = (name) => import(pathToFileURL(join(WEB, name)));

test('a deadline that stands for a whole day is written as the day', async () => {
    const { deadline } = await load('format.js');
    for (const at of [
        '2026-12-05T00:00:00Z',
        '2026-12-05T00:00:00+07:00',
        '2026-12-05T17:00:00+07:00',
        Date.UTC(2026, 11, 5),
    ])
        assert.equal(deadline(at), '05/12/2026', String(at));
    assert.equal(deadline('2026-12-05T10:30:00+07:00'), '05/12/2026 10:30');
    assert.equal(deadline(null), '–');
});

test('fields of a body: deadlines as days, what happened with its time', async () => {
    const { valueWords } = await load('words.js');
    const words = (name, value) => valueWords({ name, kind: 'moment' }, value);
    const midnight = Date.UTC(2026, 11, 5);
    const evening = Date.UTC(2026, 11, 5, 10);
    for (const name of ['due_ms', 'due_before_ms', 'until_ms']) {
        assert.equal(words(name, midnight), '05/12/2026', name);
        assert.equal(words(name, evening), '05/12/2026', name);
    }
    assert.equal(words('received_ms', midnight), '05/12/2026 07:00');
    assert.equal(words('handed_ms', evening), '05/12/2026 17:00');
    assert.equal(words('due_ms', 0), '');
});

test('a deadline that is typed as a day ends with its working hours', async () => {
    const { parseDeadline, parseDateTime, dateTime } = await load('format.js');
    assert.equal(dateTime(parseDeadline('5/12/2026 ')), '05/12/2026 17:00');
    assert.equal(dateTime(parseDeadline(' 05.12.2026 9:30')), '05/12/2026 09:30');
    assert.equal(dateTime(parseDeadline('05-12-2026 00:00')), '05/12/2026 00:00');
    assert.equal(dateTime(parseDateTime('05/12/2026')), '05/12/2026 00:00');
    for (const text of ['', '31/02/2026', '05/12', '2026', 'x 2026'])
        assert.ok(Number.isNaN(parseDeadline(text)), text);
});
