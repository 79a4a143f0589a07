// Owns: the list of dossiers: saved views, the fields of a search, and one page of rows. What is
// asked for stands in the address; filtering, order and pages are the server's.
import { get, isLeft, withQuery } from './api.js';
import { add, fill, h, paced } from './dom.js';
import { errorSummary, field, select, textInput, workButton } from './field.js';
import { ago, date, dateTime, isoDate, number } from './format.js';
import { icon } from './icons.js';
import { listen } from './live.js';
import { dossierMark, standingMark } from './marks.js';
import { emptyNotice, problemNotice, waiting } from './notice.js';
import { go, link } from './router.js';
import { head } from './shell.js';
import { copyButton, redraw, rowOf, table } from './table.js';
import { said, t } from './texts.js';

export const VIEWS = [
    'waiting_me',
    'waiting_handover',
    'due_today',
    'overdue',
    'supplement',
    'refused',
    'results',
    'all',
];
const STATES = [
    'forwarded',
    'refused',
    'processing',
    'supplement',
    'suspended',
    'payment',
    'result',
    'handed_over',
    'withdrawn',
    'stopped',
];
const SORTS = ['last', 'due', 'received', 'code'];
const FILTERS = [
    'q',
    'agency',
    'procedure',
    'channel',
    'state',
    'received_from',
    'received_to',
    'due_from',
    'due_to',
];
const DAYS = ['received_from', 'received_to', 'due_from', 'due_to'];
const RELOAD_MS = 1000;
const ROWS = 50;

export const title = (route) => t(`view.${route.query.view ?? 'all'}`);

function viewLinks(query) {
    const current = query.view ?? 'all';
    return h(
        'nav',
        { class: 'views', 'aria-label': t('dossiers.views') },
        VIEWS.map((view) =>
            h(
                'a',
                {
                    class: 'view',
                    'aria-current': view === current && 'page',
                    href: link(['dossiers'], {
                        ...query,
                        view: view === 'all' ? '' : view,
                        after: '',
                    }),
                },
                t(`view.${view}`),
            ),
        ),
    );
}

/** The words of a filter that is set, for its chip. */
function filterWords(name, value) {
    if (name === 'state') return t(`state.${value}`);
    if (name === 'channel') return t(`channel.${value}`);
    return DAYS.includes(name) ? date(`${value}T00:00:00+07:00`) : value;
}

function chips(query) {
    const set = FILTERS.filter((name) => query[name]);
    if (set.length === 0) return null;
    return h(
        'ul',
        { class: 'chips', 'aria-label': t('dossiers.filters') },
        set.map((name) =>
            h(
                'li',
                {},
                h(
                    'a',
                    {
                        class: 'chip',
                        href: link(['dossiers'], { ...query, [name]: '', after: '' }),
                    },
                    h('span', { class: 'unseen' }, t('dossiers.drop')),
                    h('span', { class: 'muted' }, ` ${t(`filter.${name}`)}: `),
                    filterWords(name, query[name]),
                    icon('cross'),
                ),
            ),
        ),
    );
}

/** A day of the address, as a person types it. */
const typedDay = (value) => (value ? date(`${value}T00:00:00+07:00`) : '');

function fieldsOf(query) {
    const text = (name, options) =>
        field({
            label: t(`filter.${name}`),
            name,
            isNeeded: false,
            control: textInput({ value: query[name] ?? '', maxlength: 200, ...options }),
            help: options?.help,
        });
    const choice = (name, values, wordsOf) =>
        field({
            label: t(`filter.${name}`),
            name,
            isNeeded: false,
            control: select(
                [['', t('any')], ...values.map((value) => [String(value), wordsOf(value)])],
                { value: query[name] ?? '' },
            ),
        });
    const day = (name) =>
        field({
            label: t(`filter.${name}`),
            name,
            isNeeded: false,
            control: textInput({
                value: typedDay(query[name]),
                inputmode: 'numeric',
                placeholder: t('day.form'),
                maxlength: 10,
            }),
        });
    return {
        q: text('q', { help: t('dossiers.operators') }),
        agency: text('agency'),
        procedure: text('procedure'),
        channel: choice('channel', [1, 2, 3], (value) => t(`channel.${value}`)),
        state: choice('state', STATES, (value) => t(`state.${value}`)),
        received_from: day('received_from'),
        received_to: day('received_to'),
        due_from: day('due_from'),
        due_to: day('due_to'),
        sort: choice('sort', SORTS, (value) => t(`sort.${value}`)),
    };
}

function readFields(parts) {
    const query = {};
    const faults = [];
    for (const [name, part] of Object.entries(parts)) {
        const typed = part.control.value.trim();
        query[name] = DAYS.includes(name) ? isoDate(typed) : typed;
        if (DAYS.includes(name) && typed !== '' && query[name] === '')
            faults.push([part, t('day.wrong')]);
    }
    return { query, faults };
}

function filterForm(query) {
    const parts = fieldsOf(query);
    const summary = errorSummary();
    const submit = (event) => {
        event.preventDefault();
        Object.values(parts).forEach((part) => part.clear());
        const { query: wanted, faults } = readFields(parts);
        summary.show(faults);
        if (faults.length === 0) go(['dossiers'], { view: query.view, ...wanted });
    };
    const form = h(
        'form',
        { class: 'card-body', novalidate: true, on: { submit } },
        summary.element,
        h(
            'div',
            { class: 'filter-fields' },
            Object.values(parts).map((part) => part.element),
        ),
        h(
            'div',
            { class: 'buttons' },
            workButton(t('dossiers.search'), () => {}, { picture: 'search' }),
            h(
                'a',
                { class: 'button is-plain', href: link(['dossiers'], { view: query.view }) },
                t('dossiers.clear'),
            ),
        ),
    );
    return h(
        'details',
        { class: 'card filters' },
        h('summary', {}, icon('search'), t('dossiers.fields'), icon('more')),
        form,
    );
}

function codeCell(row) {
    return [
        h(
            'span',
            { class: 'nowrap' },
            h('a', { href: link(['dossiers', row.dossier_code]), class: 'code' }, row.dossier_code),
            copyButton(row.dossier_code),
        ),
        row.owner && h('span', { class: 'under is-owner' }, row.owner),
    ];
}

function columns() {
    return [
        { label: t('dossiers.code'), isTitle: true, cell: codeCell },
        {
            label: t('dossiers.procedure'),
            kind: 'wide',
            cell: (row) => [
                said(row, 'procedure_name') || row.procedure_code,
                h('span', { class: 'under' }, said(row, 'agency_name') || row.agency),
            ],
        },
        { label: t('dossiers.state'), cell: dossierMark },
        {
            label: t('dossiers.due'),
            cell: (row) =>
                row.due && [
                    h('span', { class: 'nowrap due' }, date(row.due)),
                    ' ',
                    standingMark(row),
                ],
        },
        { label: t('dossiers.waits'), kind: 'nowrap', cell: (row) => said(row, 'waits_for') },
        {
            label: t('dossiers.last'),
            cell: (row) => [
                h(
                    'time',
                    { datetime: row.last_time, title: dateTime(row.last_time), class: 'nowrap' },
                    ago(row.last_time),
                ),
                h('span', { class: 'under' }, said(row, 'last_type')),
            ],
        },
    ];
}

function countWords({ count, count_is_capped: isCapped }) {
    return t(isCapped ? 'dossiers.count.more' : 'dossiers.count', { n: number(count) });
}

function pager(query, answer) {
    return h(
        'div',
        { class: 'more' },
        h('span', { class: 'muted', role: 'status' }, countWords(answer)),
        h(
            'div',
            { class: 'buttons' },
            query.after &&
                h(
                    'a',
                    { class: 'button', href: link(['dossiers'], { ...query, after: '' }) },
                    t('page.first'),
                ),
            answer.next &&
                h(
                    'a',
                    {
                        class: 'button',
                        rel: 'next',
                        href: link(['dossiers'], { ...query, after: answer.next }),
                    },
                    t('page.next'),
                ),
        ),
    );
}

function listCard(query, answer) {
    if (answer.dossiers.length === 0)
        return h('div', { class: 'card' }, emptyNotice(t('dossiers.none')));
    return h(
        'div',
        { class: 'card' },
        h(
            'div',
            { class: 'table-wrap' },
            table({
                caption: title({ query }),
                kind: 'dossiers',
                columns: columns(),
                rows: answer.dossiers,
            }),
        ),
        pager(query, answer),
    );
}

/** Rows that stand there and changed are drawn anew in their places; that others came or went is
 * said, and nothing moves under the pointer. @returns whether the list is another one now */
function updateRows(place, before, now) {
    const rows = place.querySelectorAll('tbody tr');
    const found = new Map(now.map((row) => [row.dossier_code, row]));
    before.forEach((row, at) => {
        const fresh = found.get(row.dossier_code);
        if (fresh && fresh.version !== row.version)
            rows[at].replaceWith(rowOf(columns(), fresh, { class: 'is-new' }));
    });
    return (
        before.map((row) => row.dossier_code).join() !== now.map((row) => row.dossier_code).join()
    );
}

export async function show({ main, route, me, signal }) {
    const { query } = route;
    const place = h('div', {}, waiting());
    const changed = h('div', { class: 'changed', role: 'status' });
    const forward =
        me.rights.includes('send') &&
        me.participant.is_centre &&
        h(
            'a',
            { class: 'button is-primary', href: link(['forward']) },
            icon('send'),
            t('nav.forward'),
        );
    main.replaceChildren();
    add(
        main,
        head(title(route), { actions: [forward] }),
        viewLinks(query),
        filterForm(query),
        chips(query),
        changed,
        place,
    );
    let shown = [];
    const ask = () => get(withQuery('/v1/dossiers', { limit: ROWS, ...query }), { signal });
    const load = async () => {
        try {
            const answer = await ask();
            if (answer.exact && !query.after)
                return location.replace(link(['dossiers', answer.exact]));
            shown = answer.dossiers;
            fill(changed);
            redraw(place, listCard(query, answer));
        } catch (error) {
            if (!isLeft(error)) redraw(place, problemNotice(error, { retry: load }));
        }
        return undefined;
    };
    const refresh = async () => {
        const answer = await ask().catch(() => null);
        if (!answer) return;
        const isOther = updateRows(place, shown, answer.dossiers);
        const found = new Map(answer.dossiers.map((row) => [row.dossier_code, row]));
        shown = shown.map((row) => found.get(row.dossier_code) ?? row);
        if (isOther && !changed.firstChild) {
            add(
                changed,
                t('dossiers.changed'),
                h(
                    'button',
                    { type: 'button', class: 'button', on: { click: load } },
                    t('dossiers.reload'),
                ),
            );
        }
    };
    listen(['dossier'], paced(refresh, RELOAD_MS, signal), signal);
    await load();
}
