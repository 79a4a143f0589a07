// Owns: what waits to be taken, oldest first: each message in words, taken or refused here. What
// was judged stays where it stood, with its new state, until the list is read anew.
import { get, isLeft, withQuery } from './api.js';
import { add, fill, h, paced } from './dom.js';
import { dateTime, number, since } from './format.js';
import { icon } from './icons.js';
import { listen } from './live.js';
import { mark } from './marks.js';
import { emptyNotice, problemNotice, waiting } from './notice.js';
import { link } from './router.js';
import { head } from './shell.js';
import { copyButton, redraw } from './table.js';
import { said, t } from './texts.js';
import { accept, refuse } from './verdict.js';
import { messageContent } from './words.js';

const RELOAD_MS = 1000;
const ROWS = 50;

export const title = () => t('nav.inbox');

function headLine(row) {
    return h(
        'div',
        { class: 'inbox-head' },
        h(
            'div',
            { class: 'inbox-words' },
            h(
                'p',
                {},
                h('strong', {}, said(row, 'type')),
                ' ',
                h(
                    'a',
                    { class: 'code nowrap', href: link(['dossiers', row.dossier_code]) },
                    row.dossier_code,
                ),
                copyButton(row.dossier_code),
            ),
            h('p', {}, [row.owner, said(row, 'procedure_name')].filter(Boolean).join(' · ')),
            h(
                'p',
                { class: 'muted' },
                t('message.from', { who: said(row, 'sender') || row.sender }),
                row.acting_for && ` (${row.acting_for})`,
                ' · ',
                h(
                    'time',
                    { datetime: row.time, title: dateTime(row.time) },
                    t('inbox.waits', { span: since(row.time) }),
                ),
                row.file_count > 0 && [
                    ' · ',
                    icon('file'),
                    ' ',
                    t('message.files', { n: number(row.file_count) }),
                ],
            ),
        ),
    );
}

function contentFold(row, signal) {
    const content = h('div', { class: 'message-content' });
    const fold = h(
        'details',
        { class: 'fold', 'data-id': row.message_id },
        h('summary', {}, icon('more'), t('inbox.content')),
        content,
    );
    fold.addEventListener('toggle', async () => {
        if (!fold.open || content.firstChild) return;
        fill(content, waiting());
        try {
            fill(content, await messageContent(row, signal));
        } catch (error) {
            if (!isLeft(error)) fill(content, problemNotice(error));
        }
    });
    return fold;
}

function judged(row, outcome) {
    const done = outcome === 'accept';
    return [
        mark(done ? 'good' : 'bad', done ? 'done' : 'stop', t(`inbox.${outcome}`)),
        h(
            'a',
            { class: 'button is-plain', href: link(['dossiers', row.dossier_code]) },
            t('send.open'),
        ),
    ];
}

function item(row, { outcomes, signal }) {
    const place = h('div', { class: 'buttons inbox-actions' });
    const verdict = (name, run) => async () => {
        if (!(await run(row))) return;
        outcomes.set(row.message_id, name);
        fill(place, judged(row, name));
        place.querySelector('a').focus();
    };
    const outcome = outcomes.get(row.message_id);
    add(
        place,
        outcome
            ? judged(row, outcome)
            : [
                  h(
                      'button',
                      {
                          type: 'button',
                          class: 'button is-primary',
                          'data-key': `accept-${row.message_id}`,
                          on: { click: verdict('accept', accept) },
                      },
                      icon('done'),
                      t('accept.button'),
                  ),
                  h(
                      'button',
                      {
                          type: 'button',
                          class: 'button is-danger',
                          'data-key': `refuse-${row.message_id}`,
                          on: { click: verdict('refuse', refuse) },
                      },
                      icon('stop'),
                      t('refuse.button'),
                  ),
              ],
    );
    return h('li', { class: 'inbox-item' }, add(headLine(row), place), contentFold(row, signal));
}

function listCard(query, answer, tools) {
    if (answer.messages.length === 0)
        return h('div', { class: 'card' }, emptyNotice(t('inbox.none')));
    return h(
        'div',
        { class: 'card' },
        h(
            'ul',
            { class: 'inbox' },
            answer.messages.map((row) => item(row, tools)),
        ),
        (answer.next || query.after) &&
            h(
                'div',
                { class: 'more' },
                h('span', {}),
                h(
                    'div',
                    { class: 'buttons' },
                    query.after &&
                        h('a', { class: 'button', href: link(['inbox']) }, t('page.first')),
                    answer.next &&
                        h(
                            'a',
                            {
                                class: 'button',
                                rel: 'next',
                                href: link(['inbox'], { after: answer.next }),
                            },
                            t('page.next'),
                        ),
                ),
            ),
    );
}

export async function show({ main, route, signal }) {
    const place = h('div', {}, waiting());
    const changed = h('div', { class: 'changed', role: 'status' });
    const outcomes = new Map();
    let shown = '';
    main.replaceChildren(head(t('nav.inbox'), { under: t('inbox.under') }), changed, place);
    const ask = () =>
        get(withQuery('/v1/inbox', { limit: ROWS, after: route.query.after }), { signal });
    const idsOf = (answer) => answer.messages.map((row) => row.message_id).join();
    const load = async () => {
        try {
            const answer = await ask();
            shown = idsOf(answer);
            outcomes.clear();
            fill(changed);
            redraw(place, listCard(route.query, answer, { outcomes, signal }));
        } catch (error) {
            if (!isLeft(error)) redraw(place, problemNotice(error, { retry: load }));
        }
    };
    // What comes while somebody reads moves nothing: it is said, and shown when he wants it.
    const look = async () => {
        const answer = await ask().catch(() => null);
        const known = new Set(shown.split(','));
        if (
            !answer ||
            changed.firstChild ||
            answer.messages.every((row) => known.has(row.message_id))
        )
            return;
        add(
            changed,
            t('inbox.changed'),
            h(
                'button',
                { type: 'button', class: 'button', on: { click: load } },
                t('dossiers.reload'),
            ),
        );
    };
    listen(['inbox'], paced(look, RELOAD_MS, signal), signal);
    await load();
}
