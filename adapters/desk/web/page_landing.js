// Owns: the first page of the centre: what waits by view, and the agencies by the age of what waits
// for them, with whose turn it is. It follows what happens.
import { get, isLeft } from './api.js';
import { h, paced } from './dom.js';
import { ago, date, dateTime, number, since } from './format.js';
import { icon } from './icons.js';
import { listen } from './live.js';
import { agencyMark } from './marks.js';
import { emptyNotice, problemNotice, waiting } from './notice.js';
import { link } from './router.js';
import { setButtons } from './set_work.js';
import { head } from './shell.js';
import { redraw, table } from './table.js';
import { said, t } from './texts.js';

// The order in which a clerk's day goes; PRESSING ones are drawn so when there are any.
const VIEWS = [
    'waiting_me',
    'waiting_handover',
    'due_today',
    'overdue',
    'supplement',
    'refused',
    'results',
];
const PRESSING = new Set(['overdue', 'refused']);
const BUCKETS = ['hour', 'hours', 'day', 'days', 'more'];
const URGENCY = { stuck: 0, held: 1, waiting: 2, moving: 3, idle: 4 };
const RELOAD_MS = 1000;

export const title = () => t('nav.landing');

function viewLinks(views) {
    const shown = VIEWS.filter((view) => view in views);
    return h(
        'nav',
        { class: 'views', 'aria-label': t('landing.views') },
        shown.map((view) =>
            h(
                'a',
                {
                    class: PRESSING.has(view) && views[view] > 0 ? 'view is-pressing' : 'view',
                    href: link(['dossiers'], { view }),
                },
                h('b', {}, number(views[view])),
                t(`view.${view}`),
            ),
        ),
    );
}

/** What presses first: stuck before held before waiting, then by the age of the oldest. */
function byUrgency(one, other) {
    return (
        URGENCY[one.state] - URGENCY[other.state] ||
        (one.oldest ?? '9').localeCompare(other.oldest ?? '9') ||
        other.waiting - one.waiting
    );
}

function figure(value, kind) {
    return h('span', { class: value === 0 ? 'is-none' : kind }, number(value));
}

function nameCell(agency) {
    const query = { view: 'waiting_agency', agency: agency.key };
    return h('a', { href: link(['dossiers'], query) }, said(agency, 'name'));
}

function phone(number_) {
    const href = `tel:${number_.replace(/[^+\d]/g, '')}`;
    return h('a', { class: 'nowrap phone', href }, icon('phone'), ' ', number_);
}

/** All three where something waits: the gateway counts what each is of. */
function works(agency) {
    const { key, waiting: n } = agency;
    const of = { key, place: 'gateway', label: said(agency, 'name') };
    return setButtons(of, { waiting: n, held: n, deferred: n });
}

/** Whose turn it is, why, and whom to call. What an operator may do about it is for operators. */
function turnCell(agency, { isOperator, hasGateway }) {
    const reason = said(agency, 'reason');
    const hint = isOperator && said(agency, 'hint');
    return [
        h('span', { class: 'turn-who' }, said(agency, 'turn')),
        agency.waiting > 0 && agency.phone && [' ', phone(agency.phone)],
        reason && h('span', { class: 'under' }, reason, hint && `. ${hint}`),
        isOperator && hasGateway && works(agency),
    ];
}

function columns(what) {
    const buckets = BUCKETS.map((bucket, at) => ({
        label: t(`bucket.${bucket}`),
        kind: 'number is-bucket',
        cell: (agency) =>
            figure(agency.buckets[at], at === BUCKETS.length - 1 ? 'is-heavy' : 'is-old'),
    }));
    return [
        { label: t('landing.agency'), isTitle: true, cell: nameCell },
        { label: t('landing.state'), cell: agencyMark },
        {
            label: t('landing.waiting'),
            kind: 'number',
            cell: ({ waiting: n }) => figure(n, 'is-old'),
        },
        {
            label: t('landing.oldest'),
            kind: 'number nowrap',
            cell: ({ oldest }) =>
                oldest && h('time', { datetime: oldest, title: dateTime(oldest) }, since(oldest)),
        },
        ...buckets,
        {
            label: t('landing.failed'),
            kind: 'number',
            cell: ({ failed_today: n }) => figure(n, 'is-heavy'),
        },
        {
            label: t('landing.receipt'),
            kind: 'nowrap',
            cell: ({ last_receipt: at }) =>
                at && h('time', { datetime: at, title: dateTime(at) }, ago(at)),
        },
        { label: t('landing.turn'), kind: 'turn', cell: (agency) => turnCell(agency, what) },
    ];
}

function agenciesCard(agencies, what) {
    if (agencies.length === 0) return emptyNotice(t('landing.none'));
    const rows = agencies.filter(isBusy).sort(byUrgency);
    const idle = agencies.filter((agency) => !isBusy(agency));
    return h(
        'section',
        { class: 'card' },
        h('h2', {}, t('landing.agencies')),
        rows.length > 0 &&
            h(
                'div',
                { class: 'table-wrap' },
                table({
                    caption: t('landing.agencies'),
                    kind: 'ages',
                    columns: columns(what),
                    rows,
                }),
            ),
        idle.length > 0 && idleAgencies(idle),
    );
}

/** Something waits for it, or something has failed: a row of its own. */
const isBusy = (agency) => agency.state !== 'idle' || agency.failed_today > 0;

/** The others need a name and how long ago they answered, not eight zeros. */
function idleAgencies(agencies) {
    return h(
        'div',
        { class: 'card-body idle' },
        h('h3', {}, t('landing.idle', { n: number(agencies.length) })),
        h(
            'ul',
            {},
            agencies.map((agency) =>
                h(
                    'li',
                    {},
                    nameCell(agency),
                    agency.last_receipt && h('span', { class: 'muted' }, ago(agency.last_receipt)),
                ),
            ),
        ),
    );
}

function asOf(landing) {
    const at = landing.adapter.indexed_to;
    return at ? t('landing.asof', { time: `${date(at)} ${dateTime(at).slice(-5)}` }) : '';
}

export async function show({ main, me, signal }) {
    const place = h('div', {}, waiting());
    const under = h('span', {});
    main.replaceChildren(head(t('nav.landing'), { under }), place);
    const load = async () => {
        try {
            const landing = await get('/v1/landing', { signal });
            under.textContent = asOf(landing);
            redraw(
                place,
                viewLinks(landing.views),
                agenciesCard(landing.agencies, {
                    isOperator: me.rights.includes('queues'),
                    hasGateway: landing.has_gateway,
                }),
            );
        } catch (error) {
            if (isLeft(error)) return;
            redraw(place, problemNotice(error, { retry: load }));
        }
    };
    listen(['dossier', 'message', 'inbox', 'adapter'], paced(load, RELOAD_MS, signal), signal);
    await load();
}
