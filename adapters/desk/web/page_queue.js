// Owns: one queue, entry by entry: why each waits and whose turn it is; some are chosen and held,
// released or tried at once, one after another, with the result of each beside it.
import { get, isLeft, post, withQuery } from './api.js';
import { ask } from './ask.js';
import { add, fill, h } from './dom.js';
import { select } from './field.js';
import { dateTime, number, since } from './format.js';
import { icon } from './icons.js';
import { mark, messageMark } from './marks.js';
import { emptyNotice, problemNotice, waiting } from './notice.js';
import { go, link } from './router.js';
import { faultsOfWhy, whyField } from './set_work.js';
import { announce, head } from './shell.js';
import { copyButton, redraw, table } from './table.js';
import { said, t } from './texts.js';

const STATES = ['queued', 'deferred', 'held', 'leased', 'awaited'];
const UNDO = { hold: 'release', release: 'hold' };

export const title = (route) => t('queue.title', { who: route.path[1] });

const keyOf = (entry) => `${entry.message_id} ${entry.destination}`;

/** Does it to each, in the order of the list; what cannot be done has its reason beside it. */
async function operateEach(entries, operation, why, place, onResult) {
    let done = 0;
    for (const entry of entries) {
        try {
            await post(
                withQuery(`/v1/queues/${entry.message_id}/${operation}`, {
                    place,
                    sender: entry.sender,
                    destination: entry.destination,
                }),
                { why },
            );
            done += 1;
            onResult(entry, null);
        } catch (problem) {
            onResult(entry, problem);
        }
    }
    return done;
}

function columns(chosen, results, changed) {
    const box = (entry) => {
        const toggle = ({ target }) => {
            if (target.checked) chosen.add(keyOf(entry));
            else chosen.delete(keyOf(entry));
            changed();
        };
        const label = t('queue.choose', { code: entry.dossier_code ?? entry.message_id });
        return h('input', {
            'type': 'checkbox',
            'checked': chosen.has(keyOf(entry)),
            'aria-label': label,
            'data-key': keyOf(entry),
            'on': { change: toggle },
        });
    };
    const result = (entry) => {
        const found = results.get(keyOf(entry));
        if (found === undefined) return null;
        return found === null
            ? mark('good', 'done', t('queue.done'))
            : mark('bad', 'alert', found.title());
    };
    return [
        { label: t('queue.chosen'), isLabelUnseen: true, cell: box },
        {
            label: t('dossiers.code'),
            isTitle: true,
            cell: (entry) => [
                entry.dossier_code
                    ? h(
                          'a',
                          { class: 'code', href: link(['dossiers', entry.dossier_code]) },
                          entry.dossier_code,
                      )
                    : h('span', { class: 'code' }, entry.message_id),
                copyButton(entry.dossier_code ?? entry.message_id),
            ],
        },
        { label: t('queue.type'), cell: (entry) => said(entry, 'type') },
        { label: t('landing.state'), cell: messageMark },
        { label: t('queue.attempts'), kind: 'number', cell: ({ attempts }) => number(attempts) },
        {
            label: t('queue.since'),
            kind: 'nowrap',
            cell: ({ since: at }) =>
                at && h('time', { datetime: at, title: dateTime(at) }, since(at)),
        },
        {
            label: t('landing.turn'),
            kind: 'turn',
            cell: (entry) => [
                said(entry, 'turn'),
                said(entry, 'reason') &&
                    h('span', { class: 'under' }, said(entry, 'reason'), '. ', said(entry, 'hint')),
            ],
        },
        { label: t('queue.result'), cell: result },
    ];
}

/** The line of what may be done with those that are chosen. */
function bulkBar(state, run, undo) {
    const button = (operation, picture) =>
        h(
            'button',
            {
                'type': 'button',
                'class': 'button',
                'data-key': `bulk-${operation}`,
                'on': { click: () => run(operation) },
            },
            icon(picture),
            t(`queue.${operation}`),
        );
    return h(
        'div',
        { class: 'buttons card-body', role: 'group', 'aria-label': t('queue.bulk') },
        h('span', { role: 'status' }, t('queue.count', { n: number(state.chosen.size) })),
        button('hold', 'pause'),
        button('release', 'send'),
        state.last &&
            h(
                'button',
                {
                    'type': 'button',
                    'class': 'button is-plain',
                    'data-key': 'undo',
                    'on': { click: undo },
                },
                t('queue.undo'),
            ),
    );
}

function stateChoice(route) {
    const change = ({ target }) => go(route.path, { ...route.query, state: target.value });
    const choices = [['', t('queue.all')], ...STATES.map((one) => [one, t(`entry.${one}`)])];
    return h(
        'label',
        { class: 'filter-line' },
        t('landing.state'),
        ' ',
        select(choices, { value: route.query.state ?? '', on: { change } }),
    );
}

function moreLink(route, answer) {
    if (!answer.next || answer.entries.length === 0) return null;
    const query = { ...route.query, after: answer.next };
    return h('p', { class: 'more' }, h('a', { href: link(route.path, query) }, t('page.next')));
}

export async function show({ main, route, signal }) {
    const [, key] = route.path;
    const { place, state: of, after } = route.query;
    const list = h('div', { class: 'stack' }, waiting());
    const bar = h('div', {});
    const state = { chosen: new Set(), results: new Map(), last: null, entries: [] };
    const back = h('a', { class: 'button', href: link(['queues']) }, t('nav.queues'));
    main.replaceChildren(head(t('queue.title', { who: key }), { actions: [back] }));
    const choice = h('div', { class: 'card-body' }, stateChoice(route));
    add(main, h('section', { class: 'card' }, choice, bar, list));
    let answer = null;
    const draw = () => {
        redraw(bar, bulkBar(state, run, undo));
        const rows = answer.entries;
        const chosenChanged = () => redraw(bar, bulkBar(state, run, undo));
        redraw(
            list,
            rows.length === 0
                ? emptyNotice(t('queue.none'))
                : h(
                      'div',
                      { class: 'table-wrap' },
                      table({
                          caption: t('queue.title', { who: key }),
                          kind: 'queue',
                          columns: columns(state.chosen, state.results, chosenChanged),
                          rows,
                      }),
                  ),
            moreLink(route, answer),
        );
    };
    const load = async () => {
        try {
            const path = `/v1/queues/${encodeURIComponent(key)}`;
            answer = await get(withQuery(path, { place, state: of, after }), { signal });
            const titled = answer.entries.find((entry) => said(entry, 'destination'));
            const who = titled && said(titled, 'destination');
            if (who) fill(main.querySelector('h1'), t('queue.title', { who }));
            draw();
        } catch (error) {
            if (!isLeft(error)) redraw(list, problemNotice(error, { retry: load }));
        }
    };
    const doIt = async (entries, operation, why) => {
        const good = [];
        const done = await operateEach(entries, operation, why, answer.place, (entry, problem) => {
            state.results.set(keyOf(entry), problem);
            if (problem === null) good.push(entry);
            draw();
        });
        state.last = good.length > 0 ? { entries: good, operation: UNDO[operation], why } : null;
        announce(t('queue.did', { done: number(done), of: number(entries.length) }));
        state.chosen.clear();
        await load();
    };
    const run = async (operation) => {
        const entries = answer.entries.filter((entry) => state.chosen.has(keyOf(entry)));
        if (entries.length === 0) return announce(t('queue.nothing'));
        const why = whyField();
        let words = '';
        const isMeant = await ask({
            title: t(`queue.${operation}`),
            about: h('p', {}, t('queue.about', { n: number(entries.length) })),
            parts: { why },
            yes: t(`queue.${operation}`),
            faults: faultsOfWhy(why),
            work: async (values) => {
                words = values.why;
            },
        });
        return isMeant && doIt(entries, operation, words);
    };
    const undo = () => doIt(state.last.entries, state.last.operation, state.last.why);
    await load();
    fill(bar, answer && bulkBar(state, run, undo));
}
