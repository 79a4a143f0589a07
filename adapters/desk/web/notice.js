// Owns: how failures, emptiness and waiting are shown, everywhere the same.
import { h } from './dom.js';
import { icon } from './icons.js';
import { t } from './texts.js';

/** A failure, in the server's own words: what, what to do, and the code to cite. */
export function problemNotice(problem, { retry } = {}) {
    const isOurs = typeof problem.title === 'function';
    const title = isOurs ? problem.title() : t('problem.unknown');
    const hint = isOurs ? problem.hint() : String(problem.message ?? '');
    return h(
        'div',
        { class: 'notice is-bad', role: 'alert' },
        icon('alert'),
        h(
            'div',
            {},
            h('p', {}, h('strong', {}, title)),
            hint && h('p', {}, hint),
            problem.code &&
                h('p', { class: 'muted small' }, t('problem.code', { code: problem.code })),
            retry &&
                h(
                    'p',
                    {},
                    h(
                        'button',
                        { type: 'button', class: 'button', on: { click: retry } },
                        t('retry'),
                    ),
                ),
        ),
    );
}

/** Nothing is there, and that is no failure. */
export function emptyNotice(text, ...more) {
    return h('div', { class: 'empty' }, h('p', {}, text), more);
}

/** In the place of what is awaited. Drawn late by CSS, so that quick answers do not flicker. */
export function waiting() {
    return h('p', { class: 'waiting', 'aria-busy': 'true' }, t('waiting'));
}

/** A remark of a kind: 'info', 'good', 'warn' or 'bad'. */
export function remark(kind, ...children) {
    const pictures = { info: 'ask', good: 'done', warn: 'alert', bad: 'alert' };
    return h('div', { class: `notice is-${kind}` }, icon(pictures[kind]), h('div', {}, children));
}
