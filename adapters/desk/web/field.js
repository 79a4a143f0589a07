// Owns: form fields: label, help, the error beside the field, and the list of errors above the form
// that leads to each. Nothing that was typed is ever lost, and the button is never disabled.
import { fill, h, uniqueId } from './dom.js';
import { icon } from './icons.js';
import { t } from './texts.js';

/** A field around a control made by the caller. Where some fields of a form are needed and others
 * are not, those that are have a star.
 * @returns { element, control, fail(text), clear() } */
export function field({
    label,
    help,
    control,
    name,
    isNeeded = true,
    isStarred = false,
    wide = false,
}) {
    const id = control.id || uniqueId('field');
    control.id = id;
    if (name) control.name = name;
    const error = h('p', { class: 'field-error', id: `${id}-error` });
    const described = help ? `${id}-help ${id}-error` : `${id}-error`;
    control.setAttribute('aria-describedby', described);
    if (isNeeded) control.setAttribute('aria-required', 'true');
    const element = h(
        'div',
        { class: wide ? 'field is-wide' : 'field' },
        h(
            'label',
            { for: id },
            label,
            isStarred && h('span', { class: 'star', 'aria-hidden': 'true' }, ' *'),
        ),
        help && h('p', { class: 'field-help', id: `${id}-help` }, help),
        error,
        control,
    );
    return {
        element,
        control,
        label,
        fail(text) {
            element.classList.add('is-wrong');
            control.setAttribute('aria-invalid', 'true');
            fill(error, icon('alert'), text);
        },
        clear() {
            element.classList.remove('is-wrong');
            control.removeAttribute('aria-invalid');
            fill(error);
        },
    };
}

export function textInput(options = {}) {
    return h('input', { type: 'text', autocomplete: 'off', ...options });
}

/** A choice from a short list: [[value, words], …]. */
export function select(choices, options = {}) {
    return h(
        'select',
        options,
        choices.map(([value, words]) => h('option', { value }, words)),
    );
}

/** The list of what is wrong, above a form. show([[field, text], …]) marks each field and takes the
 * focus; an empty list clears. */
export function errorSummary() {
    const element = h('div', {
        class: 'error-summary',
        role: 'alert',
        tabindex: '-1',
        hidden: true,
    });
    return {
        element,
        show(faults) {
            element.hidden = faults.length === 0;
            fill(
                element,
                faults.length > 0 && [
                    h('h2', {}, t('errors.title')),
                    h(
                        'ul',
                        {},
                        faults.map(([at, text]) => h('li', {}, at ? leadTo(at, text) : text)),
                    ),
                ],
            );
            for (const [at, text] of faults) at?.fail(text);
            if (faults.length > 0) element.focus();
        },
    };
}

function leadTo(at, text) {
    const move = (event) => {
        event.preventDefault();
        at.control.focus();
    };
    return h('a', { href: '#', on: { click: move } }, `${at.label}: ${text}`);
}

/** A button that works once at a time: while its work is under way a second click does nothing. */
export function workButton(label, work, { kind = 'primary', type = 'submit', picture } = {}) {
    const button = h(
        'button',
        { type, class: `button is-${kind}` },
        picture && icon(picture),
        label,
    );
    let isBusy = false;
    button.work = async (...words) => {
        if (isBusy) return;
        isBusy = true;
        button.setAttribute('aria-busy', 'true');
        try {
            await work(...words);
        } finally {
            isBusy = false;
            button.removeAttribute('aria-busy');
        }
    };
    if (type === 'button') button.addEventListener('click', () => button.work());
    return button;
}
