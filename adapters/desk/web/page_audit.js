// Owns: the audit: who did what, when, from where, with what outcome; newest first, by person and
// by what it was done to.
import { get, isLeft, withQuery } from './api.js';
import { h } from './dom.js';
import { field, textInput, workButton } from './field.js';
import { dateTime } from './format.js';
import { mark } from './marks.js';
import { emptyNotice, problemNotice, waiting } from './notice.js';
import { go, link } from './router.js';
import { head } from './shell.js';
import { redraw, table } from './table.js';
import { said, t } from './texts.js';

const ROWS = 100;

export const title = () => t('nav.audit');

function outcomeMark(entry) {
    const isGood = entry.outcome === 'ok' || entry.outcome === 'begun';
    return mark(
        isGood ? 'plain' : 'bad',
        isGood ? 'done' : 'alert',
        said(entry, 'outcome') || entry.outcome,
    );
}

function columns() {
    return [
        {
            label: t('audit.time'),
            isTitle: true,
            cell: (entry) =>
                h('time', { datetime: entry.time, class: 'nowrap' }, dateTime(entry.time)),
        },
        {
            label: t('audit.person'),
            cell: (entry) => [
                entry.full_name || entry.person,
                h('span', { class: 'under' }, entry.address),
            ],
        },
        { label: t('audit.action'), cell: (entry) => said(entry, 'action') },
        {
            label: t('audit.object'),
            cell: (entry) => entry.object && h('span', { class: 'code' }, entry.object),
        },
        {
            label: t('audit.change'),
            cell: (entry) => (entry.before || entry.after) && [entry.before, ' → ', entry.after],
        },
        { label: t('audit.outcome'), cell: outcomeMark },
    ];
}

function filterForm(query) {
    const part = (name) =>
        field({
            label: t(`audit.${name}`),
            name,
            isNeeded: false,
            control: textInput({ value: query[name] ?? '', maxlength: 80 }),
        });
    const parts = { person: part('person'), object: part('object') };
    const submit = (event) => {
        event.preventDefault();
        go(['audit'], {
            person: parts.person.control.value.trim(),
            object: parts.object.control.value.trim(),
        });
    };
    return h(
        'form',
        { class: 'card filter-line', on: { submit } },
        parts.person.element,
        parts.object.element,
        workButton(t('dossiers.search'), () => {}, { picture: 'search', kind: 'plain' }),
    );
}

export async function show({ main, route, signal }) {
    const place = h('div', {}, waiting());
    main.replaceChildren(head(t('nav.audit')), filterForm(route.query), place);
    const load = async () => {
        try {
            const { entries, next } = await get(
                withQuery('/v1/audit', { limit: ROWS, ...route.query }),
                { signal },
            );
            redraw(
                place,
                h(
                    'div',
                    { class: 'card' },
                    entries.length === 0
                        ? emptyNotice(t('audit.none'))
                        : h(
                              'div',
                              { class: 'table-wrap' },
                              table({ caption: t('nav.audit'), columns: columns(), rows: entries }),
                          ),
                    next &&
                        h(
                            'div',
                            { class: 'more' },
                            h('span', {}),
                            h(
                                'a',
                                {
                                    class: 'button',
                                    rel: 'next',
                                    href: link(['audit'], { ...route.query, after: next }),
                                },
                                t('page.next'),
                            ),
                        ),
                ),
            );
        } catch (error) {
            if (!isLeft(error)) redraw(place, problemNotice(error, { retry: load }));
        }
    };
    await load();
}
