// Owns: questions in a window of their own: what is about to happen, the fields that it needs, one
// button that does it and one that does not. Escape and "no" change nothing.
import { add, fill, h } from './dom.js';
import { errorSummary, workButton } from './field.js';
import { problemNotice } from './notice.js';
import { t } from './texts.js';

/** Asks, and does `work(values)` when the answer is yes; a refusal is shown in the window, which
 * stays with all that was typed.
 * @param parts { name: field }; faults(values) lists what is wrong as [[field, text]]
 * @returns whether it was done */
export function ask({ title, about, parts = {}, faults = () => [], yes, kind = 'primary', work }) {
    return new Promise((resolve) => {
        const back = document.activeElement;
        const summary = errorSummary();
        const answer = h('div', {});
        const dialog = h('dialog', { 'aria-labelledby': 'ask-title' });
        const end = (isDone) => {
            dialog.close();
            dialog.remove();
            back?.isConnected && back.focus();
            resolve(isDone);
        };
        const button = workButton(
            yes,
            async () => {
                Object.values(parts).forEach((part) => part.clear());
                fill(answer);
                const values = Object.fromEntries(
                    Object.entries(parts).map(([name, part]) => [
                        name,
                        part.control.type === 'checkbox'
                            ? part.control.checked
                            : part.control.value.trim(),
                    ]),
                );
                const found = faults(values);
                summary.show(found);
                if (found.length > 0) return;
                try {
                    await work(values);
                    end(true);
                } catch (problem) {
                    fill(answer, problemNotice(problem));
                }
            },
            { kind },
        );
        const submit = (event) => {
            event.preventDefault();
            button.work();
        };
        add(
            dialog,
            h('h2', { id: 'ask-title' }, title),
            h(
                'form',
                { novalidate: true, on: { submit } },
                about,
                summary.element,
                answer,
                Object.values(parts).map((part) => part.element),
                h(
                    'div',
                    { class: 'buttons' },
                    button,
                    h(
                        'button',
                        { type: 'button', class: 'button', on: { click: () => end(false) } },
                        t('cancel'),
                    ),
                ),
            ),
        );
        dialog.addEventListener('cancel', (event) => {
            event.preventDefault();
            end(false);
        });
        document.body.append(dialog);
        dialog.showModal();
        (dialog.querySelector('input, textarea, select') ?? button).focus();
    });
}
