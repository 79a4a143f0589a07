// Owns: writing a message and sending it: a new forward, or any other type about a dossier. Three
// steps in one page: the form, "check your answers", the receipt. The draft is kept all along; the
// key against sending twice lives in it, so that a crash between sending and its answer is no harm.
import { get, isLeft, post, remove, withQuery } from './api.js';
import { add, fill, h } from './dom.js';
import { draftKeeper, draftsSettled } from './draft.js';
import { errorSummary, field, textInput, workButton } from './field.js';
import { date, dateTime, number } from './format.js';
import { fileField } from './files.js';
import { icon } from './icons.js';
import { emptyNotice, problemNotice, remark, waiting } from './notice.js';
import { procedurePicker } from './picker.js';
import { amend, link } from './router.js';
import { announce, head } from './shell.js';
import { sentView } from './sent.js';
import { said, t } from './texts.js';
import { typeForm } from './type_form.js';
import { bodyWords, types } from './words.js';

// Filled here from what is chosen, or of no use to a person.
const HIDDEN = ['procedure_name', 'procedure_version', 'form_json'];
const CODE_MAX = 64;

export const title = (route) => (route.path[0] === 'forward' ? t('nav.forward') : t('send.title'));

/** What the page writes on: of a draft, or of the address. */
async function begin(route, signal) {
    const { query } = route;
    await draftsSettled();
    const kept = query.draft
        ? await get(`/v1/drafts/${encodeURIComponent(query.draft)}`, { signal })
        : null;
    const content = kept?.content ?? {};
    return {
        kept,
        key: content.key ?? crypto.randomUUID(),
        type: content.type ?? query.type ?? 'transfer',
        dossier_code: content.dossier_code ?? query.dossier ?? '',
        in_reply_to: content.in_reply_to ?? query.reply,
        procedure: content.procedure ?? null,
        body: content.body ?? {},
        files: content.files ?? [],
    };
}

/** Agency, rule and deadline of the procedure, before anything is sent. */
function procedureFacts(detail) {
    return remark(
        'info',
        h(
            'dl',
            { class: 'facts' },
            h(
                'div',
                {},
                h('dt', {}, t('dossier.agency')),
                h('dd', {}, said(detail, 'agency_name') || t('forward.by_area')),
            ),
            h(
                'div',
                {},
                h('dt', {}, t('forward.days')),
                h(
                    'dd',
                    {},
                    detail.days === 0
                        ? t('forward.same_day')
                        : t('forward.working_days', { n: number(detail.days) }),
                ),
            ),
            detail.due &&
                h(
                    'div',
                    {},
                    h('dt', {}, t('forward.due')),
                    h(
                        'dd',
                        {},
                        date(detail.due),
                        detail.due_is_provisional && ` (${t('forward.provisional')})`,
                    ),
                ),
            said(detail, 'rule') &&
                h(
                    'div',
                    { class: 'is-wide' },
                    h('dt', {}, t('forward.rule')),
                    h('dd', {}, said(detail, 'rule')),
                ),
        ),
    );
}

/** The parts of the form, and how they are read. */
function formOf(model, of, signal, touched) {
    const code = field({
        label: t('dossiers.code'),
        help: t('forward.code.help'),
        isStarred: true,
        control: textInput({ value: model.dossier_code, maxlength: CODE_MAX, class: 'code' }),
    });
    const form = typeForm(of.fields, HIDDEN);
    const files = fileField({ onChange: touched, signal });
    const facts = h('div', { class: 'is-wide', 'aria-live': 'polite' });
    const isTransfer = model.type === 'transfer';
    const chosen = async (procedure) => {
        model.procedure = procedure;
        fill(facts);
        touched();
        if (!procedure) return;
        try {
            const received = form.read().received_ms;
            const detail = await get(
                withQuery(`/v1/procedures/${encodeURIComponent(procedure.code)}`, {
                    received: received && new Date(received).toISOString(),
                    area: form.read().area_code,
                }),
                { signal },
            );
            if (model.procedure === procedure) fill(facts, procedureFacts(detail));
        } catch (problem) {
            if (!isLeft(problem)) fill(facts, problemNotice(problem));
        }
    };
    const picker = isTransfer ? procedurePicker({ signal, onChosen: chosen }) : null;
    form.write(model.body);
    files.write(model.files);
    if (picker && model.procedure) picker.choose(model.procedure);
    if (!isTransfer && model.dossier_code) code.control.readOnly = true;
    const element = h(
        'div',
        { class: 'form-grid' },
        picker?.element,
        picker && facts,
        code.element,
    );
    element.append(form.element, files.element);
    return { element, code, form, files, picker };
}

function readForm(model, parts) {
    model.dossier_code = parts.code.control.value.trim();
    model.body = parts.form.read();
    model.files = parts.files.read();
}

function faultsOf(model, parts) {
    parts.code.clear();
    parts.picker?.clear();
    return [
        parts.picker && !model.procedure && [parts.picker, t('forward.procedure.missing')],
        model.dossier_code === '' && [parts.code, t('forward.code.missing')],
        ...parts.form.faults(),
        ...parts.files.faults(),
    ].filter(Boolean);
}

/** The request of the API that a model means. */
function submission(model, draft) {
    const body = { ...model.body };
    if (model.procedure) body.procedure_name = model.procedure.name_vi;
    return {
        type: model.type,
        dossier_code: model.dossier_code,
        procedure_code: model.procedure?.code,
        in_reply_to: model.in_reply_to,
        body,
        attachments: model.files.map(({ sha256, name, media_type }) => ({
            sha256,
            name,
            media_type,
        })),
        draft: draft || undefined,
    };
}

/** The field that a refusal is about, by its name in the API. */
function fieldOf(name, parts) {
    if (name.startsWith('dossier_code')) return parts.code;
    if (name.startsWith('procedure')) return parts.picker;
    return parts.form.find(name);
}

function checkView(model, of, { onBack, onSend, answer }) {
    const send = workButton(t('send.yes'), onSend, { type: 'button', picture: 'send' });
    const facts = [
        [t('dossiers.code'), h('span', { class: 'code' }, model.dossier_code)],
        model.procedure && [
            t('forward.procedure'),
            `${model.procedure.code} – ${said(model.procedure, 'name')}`,
        ],
        model.procedure && [
            t('dossier.agency'),
            said(model.procedure, 'agency_name') || t('forward.by_area'),
        ],
        [
            t('file.title'),
            model.files.length > 0
                ? model.files.map((file) => file.name).join(', ')
                : t('file.none'),
        ],
    ].filter(Boolean);
    return h(
        'section',
        { class: 'card' },
        h('h2', { tabindex: '-1' }, t('send.check')),
        h(
            'div',
            { class: 'card-body stack' },
            answer,
            h(
                'dl',
                { class: 'facts' },
                facts.map(([name, value]) =>
                    h('div', { class: 'is-wide' }, h('dt', {}, name), h('dd', {}, value)),
                ),
            ),
            bodyWords(of.fields, model.body),
            h(
                'div',
                { class: 'buttons' },
                send,
                h(
                    'button',
                    { type: 'button', class: 'button', on: { click: onBack } },
                    t('send.back'),
                ),
            ),
        ),
    );
}

function draftItem(one, signal) {
    const name = one.title || one.dossier_code || t('draft.untitled');
    const item = h('li', {});
    const drop = async () => {
        await remove(`/v1/drafts/${one.draft}`, { signal }).catch(() => {});
        item.remove();
        announce(t('draft.dropped', { name }));
    };
    const label = { 'aria-label': t('draft.drop', { name }), on: { click: drop } };
    return add(
        item,
        h('a', { href: link(['forward'], { draft: one.draft }) }, name),
        h('span', { class: 'muted' }, ' · ', dateTime(one.changed)),
        h('button', { type: 'button', class: 'button is-plain', ...label }, t('file.remove')),
    );
}

function draftsCard(drafts, signal) {
    if (drafts.length === 0) return null;
    return h(
        'details',
        { class: 'card filters' },
        h('summary', {}, icon('file'), t('draft.list', { n: number(drafts.length) }), icon('more')),
        h(
            'ul',
            { class: 'card-body drafts' },
            drafts.map((one) => draftItem(one, signal)),
        ),
    );
}

const draftTitle = (model) =>
    [model.dossier_code, model.body.owner?.name].filter(Boolean).join(' · ').slice(0, 200);

function keeperOf(model, parts, route, state, signal) {
    const words = {
        saving: () => t('draft.saving'),
        saved: () => t('draft.saved'),
        stale: () => t('draft.stale'),
    };
    const onState = (now) => {
        fill(state, words[now]?.() ?? t('draft.failed', { why: now.title?.() ?? '' }));
        state.classList.toggle('is-bad', !(now === 'saving' || now === 'saved'));
        if (now === 'saved') amend(route.path, { ...route.query, draft: keeper.id() });
    };
    const content = () => {
        readForm(model, parts());
        const { key, type, dossier_code, in_reply_to, procedure, body, files } = model;
        return {
            dossier_code,
            title: draftTitle(model),
            content: { key, type, dossier_code, in_reply_to, procedure, body, files },
        };
    };
    const keeper = draftKeeper({ draft: model.kept, content, onState, signal });
    return keeper;
}

async function write(main, route, model, of, signal) {
    const place = h('div', {});
    const state = h('p', { class: 'muted small draft-state', role: 'status' });
    const summary = errorSummary();
    const answer = h('div', {});
    let parts = null;
    const keeper = keeperOf(model, () => parts, route, state, signal);
    let isReady = false;
    const touched = () => {
        if (isReady) keeper.touch();
    };
    parts = formOf(model, of, signal, touched);
    isReady = true;
    const showForm = () => {
        fill(place, formCard);
        parts.code.control.focus();
    };
    const send = async () => {
        fill(answer);
        try {
            const done = await post('/v1/messages', submission(model, keeper.id()), {
                headers: { 'Idempotency-Key': model.key },
                signal,
            });
            keeper.stop();
            isReady = false;
            fill(place, sentView(done, model.type === 'transfer', signal));
            fill(state);
            amend(route.path, {});
            place.querySelector('h2').focus();
        } catch (problem) {
            if (isLeft(problem)) return;
            const at = problem.field && fieldOf(problem.field, parts);
            if (!at) return void fill(answer, problemNotice(problem));
            showForm();
            summary.show([[at, problem.title()]]);
        }
    };
    const check = () => {
        readForm(model, parts);
        const faults = faultsOf(model, parts);
        summary.show(faults);
        if (faults.length > 0) return;
        fill(answer);
        fill(place, checkView(model, of, { onBack: showForm, onSend: send, answer }));
        place.querySelector('h2').focus();
    };
    const submit = (event) => {
        event.preventDefault();
        check();
    };
    const formCard = h(
        'form',
        { class: 'card', novalidate: true, on: { submit, input: touched, change: touched } },
        h(
            'div',
            { class: 'card-body stack' },
            summary.element,
            h('p', { class: 'muted small' }, t('form.stars')),
            parts.element,
            h(
                'div',
                { class: 'buttons' },
                workButton(t('send.to_check'), () => {}),
                state,
            ),
        ),
    );
    fill(place, formCard);
    add(main, place);
}

export async function show({ main, route, signal }) {
    main.replaceChildren(waiting());
    const isForward = route.path[0] === 'forward';
    const model = await begin(route, signal);
    const of = (await types(signal)).find((one) => one.type === model.type);
    main.replaceChildren();
    if (!of) return void add(main, head(t('send.title')), emptyNotice(t('send.no_type')));
    add(
        main,
        head(isForward ? t('nav.forward') : said(of, 'type'), {
            under: model.in_reply_to || !isForward ? model.dossier_code : t('forward.under'),
        }),
    );
    if (isForward && !model.kept)
        add(main, draftsCard((await get('/v1/drafts', { signal })).drafts, signal));
    return write(main, route, model, of, signal);
}
