// Owns: a form made of a message type's fields (GET /v1/types): what is needed first and open,
// what is not in folds; lists that grow and shrink; and what is wrong, beside each field. It
// reads and writes the `body` of the API, in which moments are milliseconds.
import { add, fill, h, uniqueId } from './dom.js';
import { field, select, textInput } from './field.js';
import { dateTime, DEADLINES, number, parseDateTime, parseDeadline } from './format.js';
import { icon } from './icons.js';
import { said, t } from './texts.js';

const LIST_MAX = 64; // body.proto: at most 64 components or fees
const LONG = 3; // lines of a long text

/** A moment as it is typed: the day, and the time when it has one that is not read back from the
 * day alone. */
export function typedMoment(value, of) {
    const understood = DEADLINES.has(of.name) ? / 17:00$/ : / 00:00$/;
    return value ? dateTime(value).replace(understood, '') : '';
}

function controlOf(of) {
    const maxlength = of.max_characters;
    if (of.kind === 'long_text') return h('textarea', { rows: LONG, maxlength });
    if (of.kind === 'flag') return h('input', { type: 'checkbox' });
    if (of.kind === 'choice')
        return select([
            ['', of.is_needed ? t('choose') : t('none')],
            ...of.choices.map((one) => [String(one.value), said(one, 'label')]),
        ]);
    if (of.kind === 'number') return textInput({ inputmode: 'numeric', maxlength: 15 });
    if (of.kind === 'moment')
        return textInput({ inputmode: 'numeric', placeholder: t('day.form'), maxlength: 16 });
    return textInput({ maxlength });
}

// How each kind is read from its control: undefined when nothing is said, NaN when it is wrong.
const READ = {
    flag: (control) => (control.checked ? true : undefined),
    choice: (control) => (control.value === '' ? undefined : Number(control.value)),
    number: (control) =>
        control.value.trim() === '' ? undefined : Number(control.value.replace(/[.\s]/g, '')),
    moment: (control, of) => {
        if (control.value.trim() === '') return undefined;
        return DEADLINES.has(of.name)
            ? parseDeadline(control.value)
            : parseDateTime(control.value);
    },
};
const readText = (control) =>
    control.value.trim() === '' ? undefined : control.value.trim().normalize('NFC');

function write(of, control, value) {
    if (of.kind === 'flag') control.checked = Boolean(value);
    else if (of.kind === 'moment') control.value = typedMoment(value, of);
    else control.value = value === undefined ? '' : String(value);
}

function faultOf(of, value) {
    if (value === undefined) return of.is_needed ? t('field.missing') : '';
    if (Number.isNaN(value)) return t(of.kind === 'moment' ? 'day.wrong' : 'field.number');
    if (of.max_characters && [...String(value)].length > of.max_characters)
        return t('field.long', { n: number(of.max_characters) });
    return '';
}

/** One plain field. All parts of a form answer the same four questions. */
function plainPart(of) {
    const made = field({
        label: said(of, 'label'),
        control: controlOf(of),
        isNeeded: of.is_needed,
        isStarred: of.is_needed,
        wide: of.kind === 'long_text',
    });
    const read = () => (READ[of.kind] ?? readText)(made.control, of);
    return {
        name: of.name,
        element: made.element,
        read: () => {
            const value = read();
            return Number.isNaN(value) ? undefined : value;
        },
        write: (value) => write(of, made.control, value),
        faults() {
            made.clear();
            const fault = faultOf(of, read());
            return fault ? [[made, fault]] : [];
        },
        find: () => made,
    };
}

function group(fields) {
    const parts = fields.map(partOf);
    return {
        elements: parts.map((part) => part.element),
        read() {
            const body = {};
            for (const part of parts) {
                const value = part.read();
                if (value !== undefined) body[part.name] = value;
            }
            return Object.keys(body).length > 0 ? body : undefined;
        },
        write: (body = {}) => parts.forEach((part) => part.write(body?.[part.name])),
        faults: () => parts.flatMap((part) => part.faults()),
        find([name, ...rest]) {
            return parts.find((part) => part.name === name)?.find(rest);
        },
    };
}

/** An object: a fieldset, folded when nothing of it is needed. What is needed within an object that
 * need not be said counts once something of it is said. */
function objectPart(of) {
    const inner = group(of.fields);
    const grid = h('div', { class: 'form-grid' }, inner.elements);
    const fold =
        !of.is_needed &&
        h(
            'details',
            { class: 'fold' },
            h(
                'summary',
                {},
                icon('more'),
                said(of, 'label'),
                h('span', { class: 'optional' }, ` (${t('optional')})`),
            ),
            grid,
        );
    const element =
        fold || h('fieldset', { class: 'is-wide' }, h('legend', {}, said(of, 'label')), grid);
    return {
        name: of.name,
        element,
        read: inner.read,
        write(value) {
            inner.write(value);
            if (fold && value) fold.open = true;
        },
        faults() {
            const found = of.is_needed || inner.read() !== undefined ? inner.faults() : [];
            if (fold && found.length > 0) fold.open = true;
            return found;
        },
        find(rest) {
            const found = inner.find(rest);
            if (fold && found) fold.open = true;
            return found;
        },
    };
}

/** A list of objects: rows that can be added and taken away. */
function listPart(of) {
    const rows = [];
    const place = h('div', { class: 'list-rows' });
    const legend = h('legend', { tabindex: '-1' }, said(of, 'label'));
    const addRow = (value) => {
        if (rows.length >= LIST_MAX) return null;
        const inner = group(of.fields);
        inner.write(value);
        const row = { inner, element: null };
        const remove = () => {
            rows.splice(rows.indexOf(row), 1);
            row.element.remove();
            legend.focus();
        };
        row.element = h(
            'div',
            { class: 'list-row', role: 'group', 'aria-label': said(of, 'label') },
            h('div', { class: 'form-grid' }, inner.elements),
            h(
                'button',
                { type: 'button', class: 'button is-plain', on: { click: remove } },
                icon('cross'),
                t('list.remove'),
            ),
        );
        rows.push(row);
        place.append(row.element);
        return row;
    };
    const more = () => addRow()?.element.querySelector('input, textarea, select')?.focus();
    const element = h(
        'fieldset',
        { class: 'is-wide' },
        legend,
        place,
        h('button', { type: 'button', class: 'button', on: { click: more } }, '+ ', t('list.add')),
    );
    return {
        name: of.name,
        element,
        read() {
            const said_ = rows.map((row) => row.inner.read()).filter(Boolean);
            return said_.length > 0 ? said_ : undefined;
        },
        write(values = []) {
            rows.length = 0;
            fill(place);
            (values ?? []).forEach(addRow);
        },
        faults: () =>
            rows.flatMap((row) => (row.inner.read() === undefined ? [] : row.inner.faults())),
        find: ([at, ...rest]) => rows[Number(at)]?.inner.find(rest),
    };
}

function partOf(of) {
    if (of.kind !== 'object') return plainPart(of);
    return of.is_list ? listPart(of) : objectPart(of);
}

/** The form of a type without the fields named in `without`: what is needed first, folds last.
 * @returns { element, read(), write(body), faults(), find('owner.name') } */
export function typeForm(fields, without = []) {
    const kept = fields.filter((of) => !without.includes(of.name));
    const rank = (of) => (of.is_needed ? 0 : of.kind === 'object' ? (of.is_list ? 2 : 3) : 1);
    const inner = group([...kept].sort((one, other) => rank(one) - rank(other)));
    return {
        element: add(h('div', { class: 'form-grid', id: uniqueId('form') }), inner.elements),
        read: () => inner.read() ?? {},
        write: inner.write,
        faults: inner.faults,
        find: (name) =>
            inner.find(
                name
                    .replace(/^body\./, '')
                    .replace(/\[(\d+)\]/g, '.$1')
                    .split('.'),
            ),
    };
}
