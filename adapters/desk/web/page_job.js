// Owns: an operator's work on a set: counted, begun by whoever types the count that he was shown,
// followed while it runs, stopped if need be, and the result of each.
import { get, isLeft, post, withQuery } from './api.js';
import { h } from './dom.js';
import { errorSummary, field, textInput, workButton } from './field.js';
import { dateTime, number } from './format.js';
import { mark } from './marks.js';
import { problemNotice, remark, waiting } from './notice.js';
import { link } from './router.js';
import { announce, head } from './shell.js';
import { redraw, table } from './table.js';
import { said, t } from './texts.js';

const AGAIN_MS = 500;
const PAGES_MAX = 20; // of results that are shown; the rest is behind the API's own pages
const OUTCOMES = { waiting: ['plain', 'clock'], done: ['good', 'done'], left: ['warn', 'alert'] };

export const title = (route) => t('job.title', { n: route.path[1] });

function factsOf(job) {
    const pairs = [
        [t('job.operation'), t(`job.operation.${job.operation}`)],
        [t('queues.to'), said(job, 'destination') || job.destination],
        [t('landing.state'), job.state && t(`entry.${job.state}`)],
        [t('operate.why'), job.why],
        [t('job.planned'), dateTime(job.planned)],
        [t('job.progress'), t(`job.progress.${job.progress}`)],
        [t('job.count'), number(job.count)],
        [t('job.done'), number(job.done)],
        [t('job.left'), number(job.left)],
    ];
    return h(
        'dl',
        { class: 'facts' },
        pairs
            .filter(([, value]) => value)
            .map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))),
    );
}

/** Nothing is done before the count has been typed: who types it has read it. */
function startForm(job, place, reload) {
    const summary = errorSummary();
    const count = field({
        label: t('job.type', { n: number(job.count) }),
        help: t('job.type.help'),
        control: textInput({ inputmode: 'numeric', maxlength: 12 }),
    });
    const start = workButton(t('job.start'), async () => {
        count.clear();
        const isRight = count.control.value.trim() === String(job.count);
        summary.show(isRight ? [] : [[count, t('job.type.wrong')]]);
        if (!isRight) return;
        await post(withQuery(`/v1/jobs/${job.job}/start`, { place }), { count: job.count });
        announce(t('job.started'));
        await reload();
    });
    const submit = (event) => {
        event.preventDefault();
        start.work().catch((problem) => {
            summary.show([[null, problem.title?.() ?? String(problem)]]);
        });
    };
    return h(
        'form',
        { class: 'stack', novalidate: true, on: { submit } },
        summary.element,
        count.element,
        h('div', { class: 'buttons' }, start),
    );
}

function stopButton(job, place, reload) {
    const stop = async () => {
        try {
            await post(withQuery(`/v1/jobs/${job.job}/stop`, { place }), {});
        } catch (problem) {
            announce(problem.title?.() ?? String(problem)); // it has ended meanwhile
        }
        await reload();
    };
    const kind = { type: 'button', kind: 'plain' };
    return h('div', { class: 'buttons' }, workButton(t('job.stop'), stop, kind));
}

function resultsTable(entries) {
    return table({
        caption: t('job.results'),
        columns: [
            {
                label: t('dossiers.code'),
                isTitle: true,
                cell: (entry) =>
                    h('span', { class: 'code' }, entry.dossier_code ?? entry.message_id),
            },
            { label: t('queue.type'), cell: (entry) => said(entry, 'type') },
            { label: t('queues.to'), cell: (entry) => said(entry, 'destination') },
            {
                label: t('queue.result'),
                cell: (entry) => [
                    mark(...OUTCOMES[entry.outcome], t(`outcome.${entry.outcome}`)),
                    said(entry, 'reason') && h('span', { class: 'under' }, said(entry, 'reason')),
                ],
            },
        ],
        rows: entries,
    });
}

async function read(job, place, signal) {
    const path = `/v1/jobs/${encodeURIComponent(job)}`;
    const first = await get(withQuery(path, { place }), { signal });
    let page = first;
    for (let i = 1; i < PAGES_MAX && page.entries.length > 0; i += 1) {
        page = await get(withQuery(path, { place, after: page.next }), { signal });
        first.entries.push(...page.entries);
    }
    return first;
}

export async function show({ main, route, signal }) {
    const [, number_] = route.path;
    const { place } = route.query;
    const list = h('div', { class: 'stack' }, waiting());
    const back = h('a', { class: 'button', href: link(['queues']) }, t('nav.queues'));
    main.replaceChildren(head(t('job.title', { n: number_ }), { actions: [back] }), list);
    let timer = 0;
    let shown = '';
    signal.addEventListener('abort', () => clearTimeout(timer));
    const draw = (job) => {
        const isOpen = ['counting', 'counted', 'running'].includes(job.progress);
        redraw(
            list,
            h(
                'section',
                { class: 'card' },
                h(
                    'div',
                    { class: 'card-body stack' },
                    factsOf(job),
                    job.has_more && remark('info', t('job.more')),
                    job.progress === 'running' &&
                        h('progress', {
                            'max': job.count,
                            'value': job.done + job.left,
                            'aria-label': t('job.progress'),
                        }),
                    job.progress === 'counted' && job.count > 0 && startForm(job, place, load),
                    isOpen && stopButton(job, place, load),
                ),
            ),
            job.entries.length > 0 &&
                h(
                    'section',
                    { class: 'card' },
                    h('h2', {}, t('job.results')),
                    h('div', { class: 'table-wrap' }, resultsTable(job.entries)),
                ),
        );
    };
    const load = async () => {
        clearTimeout(timer);
        try {
            const job = await read(number_, place, signal);
            const now = JSON.stringify(job);
            if (now !== shown) draw(job); // what is being typed is not drawn over
            shown = now;
            if (!['done', 'stopped'].includes(job.progress)) timer = setTimeout(load, AGAIN_MS);
        } catch (error) {
            if (!isLeft(error)) redraw(list, problemNotice(error, { retry: load }));
        }
    };
    await load();
}
