// Owns: a message's body in words: the fields of its type (GET /v1/types) with what they say; and
// its files, which are only ever downloaded.
import { get } from './api.js';
import { h } from './dom.js';
import { date, dateTime, deadline, DEADLINES, number, size } from './format.js';
import { icon } from './icons.js';
import { remark } from './notice.js';
import { said, t } from './texts.js';

let known = null;
/** The types with their fields, asked for once. */
export async function types(signal) {
    known ??= (await get('/v1/types', { signal })).types;
    return known;
}

function momentWords(of, value) {
    if (!value) return '';
    return DEADLINES.has(of.name) ? deadline(value) : dateTime(value).replace(/ 00:00$/, '');
}

/** One field's value as words. */
export function valueWords(of, value) {
    if (of.kind === 'moment') return momentWords(of, value);
    if (of.kind === 'flag') return t(value ? 'yes' : 'no');
    if (of.kind === 'choice') {
        const choice = of.choices?.find((one) => one.value === value);
        return choice ? said(choice, 'label') : String(value);
    }
    return of.kind === 'number' ? number(value) : String(value);
}

function isSaid(value) {
    return (
        value !== undefined &&
        value !== null &&
        value !== '' &&
        !(Array.isArray(value) && value.length === 0)
    );
}

const LINE = 30; // characters that fit beside others

function isLong(of, value) {
    return of.kind === 'object' || String(value).length > LINE;
}

function pairs(fields, body) {
    return fields
        .filter((of) => isSaid(body[of.name]))
        .map((of) =>
            h(
                'div',
                { class: isLong(of, body[of.name]) && 'is-wide' },
                h('dt', {}, said(of, 'label')),
                h('dd', {}, valueOf(of, body[of.name])),
            ),
        );
}

function valueOf(of, value) {
    if (of.is_list)
        return h(
            'ol',
            { class: 'listed' },
            value.map((one) =>
                h('li', {}, of.kind === 'object' ? inLine(of.fields, one) : valueWords(of, one)),
            ),
        );
    if (of.kind === 'object') return inLine(of.fields, value);
    return valueWords(of, value);
}

/** An object on one line: the first field's value, the others behind it with their names. */
function inLine(fields, object) {
    const saidOnes = fields.filter((of) => isSaid(object[of.name]) && object[of.name] !== 0);
    return saidOnes.map((of, at) =>
        at === 0
            ? h('strong', {}, valueWords(of, object[of.name]))
            : [
                  ' · ',
                  h('span', { class: 'muted' }, `${said(of, 'label')}: `),
                  valueWords(of, object[of.name]),
              ],
    );
}

/** The body of a type as a list of facts. */
export function bodyWords(fields, body) {
    const rows = pairs(fields, body ?? {});
    return rows.length > 0 ? h('dl', { class: 'facts' }, rows) : null;
}

/** Files with a link that downloads each. */
export function fileList(files) {
    if (!files || files.length === 0) return null;
    return h(
        'ul',
        { class: 'files' },
        files.map((file) =>
            h(
                'li',
                {},
                h(
                    'a',
                    { class: 'file', href: file.url, download: file.name },
                    icon('file'),
                    h('span', { class: 'file-name' }, h('bdi', {}, file.name)),
                    h('span', { class: 'muted nowrap' }, size(file.size_bytes)),
                    h('span', { class: 'file-get' }, icon('down'), t('file.get')),
                ),
            ),
        ),
    );
}

/** A message's content, asked for when somebody wants to see it. */
export async function messageContent(row, signal) {
    const path = `/v1/messages/${row.message_id}`;
    const [message, all] = await Promise.all([
        get(row.sender ? `${path}?sender=${encodeURIComponent(row.sender)}` : path, { signal }),
        types(signal),
    ]);
    if (message.content_hidden) return remark('info', h('p', {}, t('content.hidden')));
    const fields = all.find((one) => one.type === message.type)?.fields ?? [];
    const words = bodyWords(fields, message.body);
    const files = fileList(message.attachments);
    return h(
        'div',
        { class: 'content' },
        words,
        files,
        !words && !files && h('p', { class: 'muted' }, t('content.none')),
    );
}

/** "dd/MM/yyyy (standing)" of a deadline's moment. */
export const dayOf = (value) => (value ? date(value) : '–');
