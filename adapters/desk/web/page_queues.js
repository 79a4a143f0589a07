// Owns: connections and queues for operators: for each agency its connection, what waits for it at
// the gateway, its certificate, whose turn it is and whom to call; what our own adapter has still
// to send; the jobs of before. One queue of it is page_queue.js.
import { get, isLeft, withQuery } from './api.js';
import { h, paced } from './dom.js';
import { ago, dateTime, number, since } from './format.js';
import { listen } from './live.js';
import { agencyMark, mark } from './marks.js';
import { emptyNotice, problemNotice, remark, waiting } from './notice.js';
import { link } from './router.js';
import { setButtons } from './set_work.js';
import { head } from './shell.js';
import { redraw, table } from './table.js';
import { said, t } from './texts.js';

const RELOAD_MS = 1000;
const AGAIN_MS = 5000; // what happens at the gateway is not told to us
const DAYS_SOON = 30;

export const title = () => t('nav.queues');

/** How many are in each state of a queue; all 0 without one. */
export function counts(queue = {}) {
    const { queued = 0, leased = 0, deferred = 0, held = 0, awaited = 0 } = queue;
    return { waiting: queued + leased + deferred, held, deferred, awaited };
}

const figure = (value, kind = 'is-old') =>
    h('span', { class: value === 0 ? 'is-none' : kind }, number(value));
const moment = (at, words) => at && h('time', { datetime: at, title: dateTime(at) }, words(at));

function connectionMark(agency) {
    if (agency.connected === undefined) return agencyMark(agency);
    if (!agency.connected) return mark('bad', 'alert', t('connection.off'));
    if (agency.breaker_open) return mark('warn', 'pause', t('connection.breaker'));
    return mark('good', 'done', t('connection.on'));
}

function certificateCell({ certificate_days: days, certificate_ends: ends }) {
    if (ends === undefined) return null;
    const words = t('certificate.days', { n: number(days) });
    const shown = days < DAYS_SOON ? mark('warn', 'alert', words) : words;
    return h('span', { title: dateTime(ends) }, shown);
}

/** Whose registry is another than the gateway's goes by other routes: said, not by colour alone. */
function registryCell({ registry_version: version, registry_since: at }, current) {
    if (version === undefined) return null;
    const [line] = version.split('+');
    const other = version !== current && [' ', mark('warn', 'alert', t('registry.other'))];
    const title = t('registry.since', { version, at: dateTime(at) });
    return h('span', { title }, line, other);
}

function turnCell(agency) {
    const reason = said(agency, 'reason');
    return [
        said(agency, 'turn'),
        reason && h('span', { class: 'under' }, reason, '. ', said(agency, 'hint')),
    ];
}

function columns(hasGateway, current) {
    const place = hasGateway ? 'gateway' : undefined;
    const queueOf = (agency) => ({ ...counts(agency.queue), oldest: agency.queue?.oldest });
    return [
        {
            label: t('landing.agency'),
            isTitle: true,
            cell: (agency) =>
                h(
                    'a',
                    { href: link(['queues', agency.key], { place }) },
                    said(agency, 'name') || agency.key,
                ),
        },
        { label: t('queues.connection'), cell: connectionMark },
        {
            label: t('landing.waiting'),
            kind: 'number',
            cell: (agency) => figure(hasGateway ? queueOf(agency).waiting : agency.waiting),
        },
        {
            label: t('queues.held'),
            kind: 'number',
            cell: (agency) => figure(queueOf(agency).held, 'is-heavy'),
        },
        {
            label: t('landing.oldest'),
            kind: 'number nowrap',
            cell: (agency) =>
                moment(hasGateway ? queueOf(agency).oldest : agency.oldest, (at) => since(at)),
        },
        {
            label: t('landing.failed'),
            kind: 'number',
            cell: ({ failed_today: n }) => figure(n, 'is-heavy'),
        },
        {
            label: t('landing.receipt'),
            kind: 'nowrap',
            cell: ({ last_receipt: at }) => moment(at, (time) => ago(time)),
        },
        { label: t('queues.certificate'), cell: certificateCell },
        {
            label: t('queues.registry'),
            cell: (agency) => registryCell(agency, current),
        },
        { label: t('landing.turn'), kind: 'turn', cell: turnCell },
        {
            label: t('queues.actions'),
            isLabelUnseen: true,
            kind: 'queue-actions',
            cell: (agency) =>
                hasGateway &&
                setButtons(
                    { key: agency.key, place, label: said(agency, 'name') },
                    counts(agency.queue),
                ),
        },
    ];
}

function ownColumns() {
    const name = (row) =>
        row.destination === 'office' ? t('queues.office') : said(row, 'destination');
    return [
        {
            label: t('queues.to'),
            isTitle: true,
            cell: (row) =>
                h(
                    'a',
                    { href: link(['queues', row.destination], { place: 'adapter' }) },
                    name(row) || row.destination,
                ),
        },
        {
            label: t('landing.waiting'),
            kind: 'number',
            cell: (row) => figure(counts(row).waiting),
        },
        { label: t('queues.held'), kind: 'number', cell: (row) => figure(row.held, 'is-heavy') },
        {
            label: t('landing.oldest'),
            kind: 'number nowrap',
            cell: ({ oldest }) => moment(oldest, (at) => since(at)),
        },
        {
            label: t('queues.actions'),
            isLabelUnseen: true,
            kind: 'queue-actions',
            cell: (row) =>
                setButtons(
                    { key: row.destination, place: 'adapter', label: name(row) },
                    counts(row),
                ),
        },
    ];
}

const card = (title_, ...content) =>
    h('section', { class: 'card' }, h('h2', {}, title_), ...content);
const wrap = (of) => h('div', { class: 'table-wrap' }, table(of));

function endNotices(answer) {
    return ['gateway', 'adapter']
        .filter((end) => !['ok', 'none'].includes(answer[end].code))
        .map((end) =>
            remark(
                'warn',
                h('strong', {}, t(`queues.away.${end}`)),
                ' ',
                said(answer[end], 'text'),
                '. ',
                said(answer[end], 'hint'),
            ),
        );
}

/** Who has which: the gateway's, and how many connected adapters go by another. */
function registryLine({ registry_version: current, agencies }) {
    if (current === undefined) return null;
    const others = agencies.filter(
        ({ connected, registry_version: own }) => connected && own && own !== current,
    ).length;
    const words = t('registry.gateway', { version: current.split('+')[0] });
    if (others === 0) return h('p', { class: 'muted', title: current }, words);
    return remark('warn', words, ' ', t('registry.others', { n: number(others) }));
}

function jobsList(jobs, place) {
    const item = (job) =>
        h(
            'li',
            {},
            h(
                'a',
                { href: link(['jobs', String(job.job)], { place }) },
                t('job.title', { n: number(job.job) }),
            ),
            ` · ${t(`job.operation.${job.operation}`)} · ${said(job, 'destination')} · `,
            t(`job.progress.${job.progress}`),
            h('span', { class: 'muted' }, ` · ${dateTime(job.planned)} · ${job.why}`),
        );
    const list = h('ul', { class: 'card-body' }, jobs.map(item));
    return jobs.length > 0 && card(t('queues.jobs'), list);
}

async function jobsOf(place, signal) {
    try {
        return (await get(withQuery('/v1/jobs', { place }), { signal })).jobs;
    } catch (error) {
        if (isLeft(error)) throw error;
        return []; // who was away is named above
    }
}

export async function show({ main, signal }) {
    const place = h('div', { class: 'stack' }, waiting());
    main.replaceChildren(head(t('nav.queues'), { under: t('queues.under') }), place);
    const load = async () => {
        try {
            const answer = await get('/v1/queues', { signal });
            const hasGateway = answer.gateway.code === 'ok';
            const jobs = await jobsOf(hasGateway ? 'gateway' : 'adapter', signal);
            redraw(
                place,
                endNotices(answer),
                registryLine(answer),
                answer.agencies.length > 0
                    ? card(
                          t('queues.agencies'),
                          wrap({
                              caption: t('queues.agencies'),
                              kind: 'queues',
                              columns: columns(hasGateway, answer.registry_version),
                              rows: answer.agencies,
                          }),
                      )
                    : emptyNotice(t('landing.none')),
                answer.own.length > 0 &&
                    card(
                        t('queues.own'),
                        wrap({
                            caption: t('queues.own'),
                            columns: ownColumns(),
                            rows: answer.own,
                        }),
                    ),
                jobsList(jobs, hasGateway ? 'gateway' : 'adapter'),
            );
        } catch (error) {
            if (!isLeft(error)) redraw(place, problemNotice(error, { retry: load }));
        }
    };
    const again = paced(load, RELOAD_MS, signal);
    const timer = setInterval(() => !document.hidden && again(), AGAIN_MS);
    signal.addEventListener('abort', () => clearInterval(timer));
    listen(['dossier', 'message', 'receipt', 'adapter'], again, signal);
    await load();
}
