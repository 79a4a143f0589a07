// Owns: one dossier: facts, deadline, what happened, its messages with bodies in words and files,
// and what this person may do now. It is drawn anew when the dossier changes.
import { get, isLeft } from './api.js';
import { add, fill, h, paced } from './dom.js';
import { date, dateTime, since } from './format.js';
import { icon } from './icons.js';
import { listen } from './live.js';
import { dossierMark, mark, messageMark, standingMark } from './marks.js';
import { emptyNotice, problemNotice, remark, waiting } from './notice.js';
import { link } from './router.js';
import { head } from './shell.js';
import { copyButton, redraw } from './table.js';
import { said, t } from './texts.js';
import { accept, operate, refuse } from './verdict.js';
import { messageContent } from './words.js';

const RELOAD_MS = 1000;
const PICTURES = {
    send: 'send',
    accept: 'done',
    refuse: 'stop',
    again: 'send',
    hold: 'pause',
    release: 'send',
    withdraw: 'cross',
};
const DANGERS = new Set(['refuse', 'withdraw']);

export const title = (route) => route.path[1];

const facts = (pairs) =>
    h(
        'dl',
        { class: 'facts card-body' },
        pairs
            .filter(([, value]) => value)
            .map(([name, value, isWide]) =>
                h('div', { class: isWide && 'is-wide' }, h('dt', {}, name), h('dd', {}, value)),
            ),
    );

function factsCard({ dossier }) {
    return h(
        'section',
        { class: 'card' },
        h('h2', {}, t('dossier.facts')),
        facts([
            [t('dossier.owner'), dossier.owner, true],
            [t('dossier.summary'), dossier.summary, true],
            [t('dossiers.procedure'), said(dossier, 'procedure_name'), true],
            [t('dossier.procedure_code'), dossier.procedure_code],
            [t('dossier.agency'), said(dossier, 'agency_name') || dossier.agency],
            [t('filter.channel'), dossier.channel && t(`channel.${dossier.channel}`)],
            [t('dossiers.waits'), said(dossier, 'waits_for')],
        ]),
    );
}

function deadlineCard({ dossier, deadline }) {
    const of = deadline ?? {};
    return h(
        'section',
        { class: 'card' },
        h('h2', {}, t('deadline.title')),
        facts([
            [t('deadline.standing'), standingMark(dossier)],
            [t('deadline.received'), dateTime(of.received ?? dossier.received)],
            [
                t('deadline.appointed'),
                of.appointed && of.appointed !== of.due && date(of.appointed),
            ],
            [t('deadline.due'), date(of.due ?? dossier.due)],
            [t('deadline.paused'), of.paused && dateTime(of.paused)],
            [t('deadline.finished'), of.finished && dateTime(of.finished)],
            [t('deadline.supplements'), of.supplements > 0 && String(of.supplements)],
            [t('deadline.extensions'), of.extensions > 0 && String(of.extensions)],
        ]),
        of.marks?.length > 0 &&
            h(
                'ul',
                { class: 'card-body deadline-marks' },
                of.marks.map((name) =>
                    h('li', {}, mark('warn', 'alert', t(`deadline.mark.${name}`))),
                ),
            ),
    );
}

/** Who did it: the office, and the person as signed. */
function whoWords(event) {
    return [
        said(event, 'from') || event.from,
        event.acting_for && h('span', { class: 'muted' }, ` (${event.acting_for})`),
        !event.is_receipt && event.to && [' → ', said(event, 'to') || event.to],
    ];
}

function timesWords(event) {
    const custody =
        !event.is_receipt &&
        event.custody_time &&
        t('event.custody', { time: dateTime(event.custody_time) });
    const source = event.source_time && t('event.source', { time: dateTime(event.source_time) });
    return [source, custody].filter(Boolean).join(' · ');
}

function eventItem(event) {
    const reason = said(event, 'reason');
    const times = timesWords(event);
    return h(
        'li',
        { class: event.is_receipt ? 'is-receipt' : undefined },
        h('time', { datetime: event.time, class: 'event-time' }, dateTime(event.time)),
        h(
            'div',
            { class: 'event' },
            h(
                'p',
                {},
                h('strong', {}, said(event, 'type')),
                ' ',
                !event.is_receipt && messageMark(event),
            ),
            h('p', {}, whoWords(event)),
            (reason || event.text) &&
                h('p', { class: 'event-reason' }, [reason, event.text].filter(Boolean).join(': ')),
            event.office_reference &&
                h('p', {}, t('event.reference', { number: event.office_reference })),
            times && h('p', { class: 'muted small' }, times),
        ),
    );
}

function timelineCard({ events }) {
    return h(
        'section',
        { class: 'card' },
        h('h2', {}, t('timeline.title')),
        events.length === 0
            ? emptyNotice(t('timeline.none'))
            : h('ol', { class: 'timeline card-body' }, events.map(eventItem)),
    );
}

function messageItem(row, signal) {
    const content = h('div', { class: 'message-content' });
    const details = h(
        'details',
        { class: 'message', 'data-id': row.message_id },
        h(
            'summary',
            {},
            icon('more'),
            h(
                'span',
                { class: 'message-title' },
                h('strong', {}, said(row, 'type')),
                h(
                    'span',
                    { class: 'muted' },
                    ' ',
                    t(row.direction === 'out' ? 'message.to' : 'message.from', {
                        who:
                            row.direction === 'out'
                                ? said(row, 'recipient') || row.recipient
                                : said(row, 'sender'),
                    }),
                ),
            ),
            row.file_count > 0 &&
                h(
                    'span',
                    { class: 'muted nowrap' },
                    icon('file'),
                    ' ',
                    t('message.files', { n: row.file_count }),
                ),
            messageMark(row),
            h('time', { datetime: row.time, class: 'muted nowrap' }, dateTime(row.time)),
        ),
        content,
    );
    details.addEventListener('toggle', async () => {
        if (!details.open || content.firstChild) return;
        fill(content, waiting());
        try {
            fill(content, await messageContent(row, signal), idLine(row));
        } catch (error) {
            if (!isLeft(error)) fill(content, problemNotice(error));
        }
    });
    return h(
        'li',
        {},
        details,
        said(row, 'reason') &&
            h(
                'p',
                { class: 'message-reason' },
                icon('alert'),
                ' ',
                [said(row, 'reason'), row.text].filter(Boolean).join(': '),
            ),
    );
}

const idLine = (row) =>
    h(
        'p',
        { class: 'muted small' },
        t('message.id'),
        ' ',
        h('span', { class: 'code' }, row.message_id),
        copyButton(row.message_id),
    );

function messagesCard({ messages }, signal) {
    return h(
        'section',
        { class: 'card' },
        h('h2', {}, t('messages.title')),
        messages.length === 0
            ? emptyNotice(t('messages.none'))
            : h(
                  'ul',
                  { class: 'messages' },
                  messages.map((row) => messageItem(row, signal)),
              ),
    );
}

function actionButton(action, detail, reload) {
    const row = detail.messages.find((one) => one.message_id === action.message_id) ?? {
        ...detail.dossier,
        message_id: action.message_id,
    };
    const label = [icon(PICTURES[action.action] ?? 'dot'), said(action, 'label')];
    if (action.action === 'send') {
        const query = {
            type: action.type,
            dossier: detail.dossier.dossier_code,
            reply: action.message_id,
        };
        return h('a', { class: 'button', href: link(['send'], query) }, label);
    }
    const verdicts = { accept: () => accept(row), refuse: () => refuse(row) };
    const click = async () => {
        if (await (verdicts[action.action]?.() ?? operate(action, row))) reload();
    };
    return h(
        'button',
        {
            type: 'button',
            class: DANGERS.has(action.action) ? 'button is-danger' : 'button',
            on: { click },
        },
        label,
    );
}

function printButton() {
    return h(
        'button',
        { type: 'button', class: 'button is-plain', on: { click: () => print() } },
        icon('print'),
        t('print'),
    );
}

function drawHead(place, detail, reload) {
    const { dossier } = detail;
    const first = place.querySelector('h1') === document.activeElement;
    fill(
        place,
        head(dossier.dossier_code, {
            under: [dossier.owner, said(dossier, 'procedure_name')].filter(Boolean).join(' · '),
            actions: [
                ...detail.actions.map((action) => actionButton(action, detail, reload)),
                printButton(),
            ],
        }),
        h(
            'p',
            { class: 'marks' },
            dossierMark(dossier),
            ' ',
            standingMark(dossier),
            ' ',
            copyButton(dossier.dossier_code),
        ),
    );
    if (first) place.querySelector('h1').focus();
}

const otherPeople = (others = []) =>
    others.map(({ full_name: who, since: from }) =>
        remark('warn', h('p', {}, t('dossier.other', { who, span: since(from) }))),
    );

/** Messages that stand open stay so when the page is drawn anew. */
function keepOpen(place, draw) {
    const open = [...place.querySelectorAll('details[open]')].map((element) => element.dataset.id);
    draw();
    for (const id of open)
        place.querySelector(`details[data-id="${CSS.escape(id)}"]`)?.setAttribute('open', '');
}

export async function show({ main, route, signal }) {
    const code = route.path[1];
    const top = h('div', {}, head(code));
    const place = h('div', { class: 'dossier' }, waiting());
    main.replaceChildren(top, place);
    const load = async () => {
        try {
            const detail = await get(`/v1/dossiers/${encodeURIComponent(code)}`, { signal });
            drawHead(top, detail, load);
            keepOpen(place, () =>
                redraw(
                    place,
                    h(
                        'div',
                        { class: 'stack dossier-main' },
                        otherPeople(detail.others),
                        messagesCard(detail, signal),
                        timelineCard(detail),
                    ),
                    h(
                        'div',
                        { class: 'stack dossier-side' },
                        deadlineCard(detail),
                        factsCard(detail),
                    ),
                ),
            );
        } catch (error) {
            if (!isLeft(error)) redraw(place, problemNotice(error, { retry: load }));
        }
    };
    const again = paced(load, RELOAD_MS, signal);
    listen(
        ['dossier', 'message'],
        (event) => {
            if (event.kind !== 'dossier' || event.id === code) again();
        },
        signal,
    );
    await load();
    add(main);
}
