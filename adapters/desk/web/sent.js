// Owns: what is shown after a message was sent: its number, and its receipts as they come in.
import { get } from './api.js';
import { fill, h, paced } from './dom.js';
import { dateTime } from './format.js';
import { icon } from './icons.js';
import { listen } from './live.js';
import { link } from './router.js';
import { copyButton } from './table.js';
import { said, t } from './texts.js';

const RELOAD_MS = 500;

/** One receipt: what it says, whose it is, its number and the number of the office. */
function receiptItem(receipt, detail) {
    const isRecipients = receipt.signer === detail.to;
    return h(
        'li',
        { class: receipt.reason ? 'is-bad' : 'is-good' },
        icon(receipt.reason ? 'stop' : 'done'),
        h(
            'span',
            {},
            h('b', {}, said(receipt, 'type')),
            isRecipients && `: ${said(detail, 'to')}`,
            ' ',
            h('time', { class: 'muted', datetime: receipt.time }, dateTime(receipt.time)),
            receipt.reason && h('span', { class: 'under' }, said(receipt, 'reason')),
            h('span', { class: 'under' }, t('send.receipt'), ' ', codeOf(receipt.receipt_id)),
            receipt.office_reference &&
                h('span', { class: 'under' }, t('send.office'), ' ', receipt.office_reference),
        ),
    );
}

const codeOf = (id) => h('span', { class: 'code' }, id);

/** The receipts as they come in, until the recipient's own: the end of a sender's waiting. */
function receiptsOf(answer, signal) {
    const place = h('div', { 'aria-live': 'polite' }, h('p', { class: 'muted' }, t('send.next')));
    const following = new AbortController();
    signal.addEventListener('abort', () => following.abort());
    const load = async () => {
        try {
            const detail = await get(`/v1/messages/${answer.message_id}`, { signal });
            // Of the portal's copy the dossier's page tells.
            const receipts = (detail.receipts ?? []).filter(
                ({ destination }) => destination === 'gateway' || destination === detail.to,
            );
            const isOver = receipts.some(({ signer }) => signer === detail.to);
            if (isOver) following.abort();
            if (receipts.length === 0) return;
            const items = receipts.map((receipt) => receiptItem(receipt, detail));
            fill(
                place,
                h('ol', { class: 'receipts' }, items),
                !isOver && h('p', { class: 'muted' }, t('send.taken', { who: said(detail, 'to') })),
            );
        } catch {
            /* the next event, or the dossier's page, tells */
        }
    };
    const kinds = ['message', 'dossier', 'inbox', 'adapter'];
    listen(kinds, paced(load, RELOAD_MS, following.signal), following.signal);
    load();
    return place;
}

/** @param answer of POST /v1/messages */
export function sentView(answer, isForward, signal) {
    return h(
        'section',
        { class: 'card sent' },
        h(
            'div',
            { class: 'card-body stack' },
            h('h2', { tabindex: '-1' }, icon('done'), ' ', t('send.done')),
            h(
                'dl',
                { class: 'facts' },
                h(
                    'div',
                    { class: 'is-wide' },
                    h('dt', {}, t('send.number')),
                    h('dd', { class: 'code' }, answer.message_id, copyButton(answer.message_id)),
                ),
                h(
                    'div',
                    {},
                    h('dt', {}, t('dossiers.code')),
                    h('dd', { class: 'code' }, answer.dossier_code),
                ),
            ),
            receiptsOf(answer, signal),
            h(
                'div',
                { class: 'buttons' },
                h(
                    'a',
                    { class: 'button is-primary', href: link(['dossiers', answer.dossier_code]) },
                    t('send.open'),
                ),
                isForward &&
                    h(
                        'a',
                        { class: 'button', href: link(['forward'], { new: Date.now() }) },
                        t('send.another'),
                    ),
            ),
        ),
    );
}
