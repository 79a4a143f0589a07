// Owns: tables. Filter, order and pages are the server's; here a row is only drawn. On a narrow
// screen a row becomes a card (parts.css), so each cell knows its column's name.
import { add, fill, h } from './dom.js';
import { icon } from './icons.js';
import { announce } from './shell.js';
import { t } from './texts.js';

function cellOf(column, row) {
    const tag = column.isTitle ? 'th' : 'td';
    const role = column.isTitle ? 'rowheader' : 'cell';
    const cell = h(tag, {
        role,
        class: column.kind,
        'data-label': column.label,
        scope: column.isTitle && 'row',
    });
    return add(cell, column.cell(row));
}

/** One row; `key` lets redraw() find the row that had the focus. */
export function rowOf(columns, row, attributes = {}) {
    return h(
        'tr',
        { role: 'row', ...attributes },
        columns.map((column) => cellOf(column, row)),
    );
}

/** @param columns [{ label, cell(row), kind: 'number', isTitle, isLabelUnseen }] */
export function table({ caption, columns, rows, kind = '' }) {
    const heads = columns.map(({ label, kind: of, isLabelUnseen }) =>
        h(
            'th',
            { role: 'columnheader', scope: 'col', class: of },
            isLabelUnseen ? h('span', { class: 'unseen' }, label) : label,
        ),
    );
    // Roles are said again because `display: block` of a narrow screen takes a table's own away.
    return h(
        'table',
        { class: `as-cards ${kind}`, role: 'table' },
        caption && h('caption', { class: 'unseen' }, caption),
        h('thead', { role: 'rowgroup' }, h('tr', { role: 'row' }, heads)),
        h(
            'tbody',
            { role: 'rowgroup' },
            rows.map((row) => rowOf(columns, row)),
        ),
    );
}

/** Puts new children into a place and gives the focus back to what had it: the element with the
 * same data-key, or with the same address. */
export function redraw(place, ...children) {
    const active = place.contains(document.activeElement) ? document.activeElement : null;
    const key = active?.dataset.key ?? active?.getAttribute('href');
    fill(place, ...children);
    if (!key) return;
    for (const element of place.querySelectorAll('[data-key], [href]')) {
        if (element.dataset.key === key || element.getAttribute('href') === key) {
            element.focus({ preventScroll: true });
            return;
        }
    }
}

/** A button that copies an id. */
export function copyButton(text) {
    const copy = async () => {
        try {
            await navigator.clipboard.writeText(text);
            announce(t('copied', { what: text }));
        } catch {
            announce(t('copied.not'));
        }
    };
    return h(
        'button',
        {
            type: 'button',
            class: 'copy',
            'data-key': `copy-${text}`,
            title: t('copy'),
            'aria-label': t('copy.of', { what: text }),
            on: { click: copy },
        },
        icon('copy'),
    );
}
