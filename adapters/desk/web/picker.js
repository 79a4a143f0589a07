// Owns: finding a procedure by typing: a combobox over GET /v1/procedures. Words without marks and
// beginnings of codes find; the list is read and chosen from by keyboard.
import { get, isLeft, withQuery } from './api.js';
import { debounced, fill, h } from './dom.js';
import { field, textInput } from './field.js';
import { said, t } from './texts.js';

const WAIT_MS = 150;
const SHOWN_MAX = 12;

function option(procedure, at) {
    return h(
        'li',
        { id: `procedure-${at}`, role: 'option', 'aria-selected': 'false' },
        h('span', { class: 'code' }, procedure.code),
        ' ',
        said(procedure, 'name'),
        h('span', { class: 'under' }, said(procedure, 'agency_name') || procedure.agency || ''),
    );
}

/** @param onChosen called with the procedure, or with null when what is typed is none
 * @returns the field, with choose(procedure) */
export function procedurePicker({ signal, onChosen }) {
    const list = h('ul', {
        id: 'procedures',
        class: 'options',
        role: 'listbox',
        'aria-label': t('forward.procedure'),
        hidden: true,
    });
    const control = textInput({
        id: 'procedure',
        role: 'combobox',
        'aria-controls': 'procedures',
        'aria-expanded': 'false',
        'aria-autocomplete': 'list',
        maxlength: 100,
    });
    const made = field({
        label: t('forward.procedure'),
        help: t('forward.procedure.help'),
        isStarred: true,
        control,
        wide: true,
    });
    const holder = h('div', { class: 'combobox' });
    control.replaceWith(holder);
    holder.append(control, list);
    let found = [];
    let at = -1;

    const show = (isOpen) => {
        list.hidden = !isOpen;
        control.setAttribute('aria-expanded', String(isOpen));
        if (!isOpen) control.removeAttribute('aria-activedescendant');
    };
    const point = (to) => {
        list.children[at]?.setAttribute('aria-selected', 'false');
        at = to;
        const element = list.children[at];
        if (!element) return;
        element.setAttribute('aria-selected', 'true');
        control.setAttribute('aria-activedescendant', element.id);
        element.scrollIntoView({ block: 'nearest' });
    };
    const choose = (procedure) => {
        control.value = `${procedure.code} – ${said(procedure, 'name')}`;
        show(false);
        made.clear();
        onChosen(procedure);
    };
    const search = debounced(
        async () => {
            const q = control.value.trim();
            if (q === '') return show(false);
            try {
                found = (
                    await get(withQuery('/v1/procedures', { q, limit: SHOWN_MAX }), { signal })
                ).procedures;
            } catch (problem) {
                if (!isLeft(problem)) made.fail(problem.title?.() ?? String(problem));
                return undefined;
            }
            at = -1;
            fill(
                list,
                found.length > 0
                    ? found.map(option)
                    : h(
                          'li',
                          {
                              class: 'muted',
                              role: 'option',
                              'aria-disabled': 'true',
                              'aria-selected': 'false',
                          },
                          t('forward.procedure.none'),
                      ),
            );
            return show(true);
        },
        WAIT_MS,
        signal,
    );

    control.addEventListener('input', () => {
        onChosen(null);
        search();
    });
    control.addEventListener('blur', () => show(false));
    control.addEventListener('keydown', (event) => {
        if (event.key === 'Escape' && !list.hidden) {
            event.preventDefault();
            show(false);
        }
        if (event.key === 'Enter' && !list.hidden) {
            event.preventDefault();
            if (found[at]) choose(found[at]);
        }
        if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
        event.preventDefault();
        if (list.hidden) search();
        else if (found.length > 0)
            point(
                (at + (event.key === 'ArrowDown' ? 1 : found.length + (at < 0 ? 0 : -1))) %
                    found.length,
            );
    });
    // A press, not a click: the field keeps the focus, and the list stands until it is chosen from.
    list.addEventListener('mousedown', (event) => {
        event.preventDefault();
        const element = event.target.closest('[role=option]');
        const chosen = found[[...list.children].indexOf(element)];
        if (chosen) choose(chosen);
    });
    return { ...made, choose };
}
