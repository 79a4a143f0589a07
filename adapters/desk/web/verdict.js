// Owns: what is done to one message: taking it, refusing it, and an operator's hold, release,
// withdraw and send again. Each asks first, in one window, and says what became of it.
import { post, withQuery } from './api.js';
import { ask } from './ask.js';
import { h } from './dom.js';
import { field, textInput } from './field.js';
import { announce } from './shell.js';
import { said, t } from './texts.js';

const WHY_MAX = 120; // with the sign-in name before it, in bytes, at the gateway
const TEXT_MAX = 500;

function area(label, help, maxlength, isNeeded) {
    return field({ label, help, isNeeded, control: h('textarea', { maxlength, rows: 3 }) });
}

function about(row) {
    return h(
        'p',
        {},
        h('strong', {}, said(row, 'type')),
        ' · ',
        h('span', { class: 'code' }, row.dossier_code ?? ''),
        row.owner && ` · ${row.owner}`,
    );
}

const pathOf = (row, verdict) =>
    withQuery(`/v1/inbox/${row.message_id}/${verdict}`, { sender: row.sender });

/** The agency has it: the sender gets a signed receipt. */
export function accept(row) {
    const reference = field({
        label: t('accept.reference'),
        help: t('accept.reference.help'),
        isNeeded: false,
        control: textInput({ maxlength: 64 }),
    });
    return ask({
        title: t('accept.title'),
        about: about(row),
        parts: { office_reference: reference },
        yes: t('accept.yes'),
        work: async (values) => {
            await post(pathOf(row, 'accept'), values.office_reference ? values : {});
            announce(t('accept.done', { code: row.dossier_code ?? '' }));
        },
    });
}

/** The agency does not take it; why is for the sender to read. */
export function refuse(row) {
    const text = area(t('refuse.text'), t('refuse.text.help'), TEXT_MAX, true);
    return ask({
        title: t('refuse.title'),
        about: about(row),
        parts: { text },
        yes: t('refuse.yes'),
        kind: 'danger',
        faults: (values) => (values.text === '' ? [[text, t('refuse.text.missing')]] : []),
        work: async (values) => {
            await post(pathOf(row, 'refuse'), { reason: 'office_refused', text: values.text });
            announce(t('refuse.done', { code: row.dossier_code ?? '' }));
        },
    });
}

/** hold, release, withdraw or again, with the reason that the audit keeps. */
export function operate(action, row) {
    const why = area(t('operate.why'), t('operate.why.help'), WHY_MAX, true);
    return ask({
        title: said(action, 'label'),
        about: [about(row), action.is_undoable === false && h('p', {}, t('operate.final'))],
        parts: { why },
        yes: said(action, 'label'),
        kind: action.action === 'withdraw' ? 'danger' : 'primary',
        faults: (values) => (values.why === '' ? [[why, t('operate.why.missing')]] : []),
        work: async (values) => {
            await post(
                withQuery(`/v1/queues/${row.message_id}/${action.action}`, {
                    sender: action.sender,
                    place: action.place,
                }),
                values,
            );
            announce(t('operate.done', { what: said(action, 'label') }));
        },
    });
}
