// Owns: an operator's hand on all that waits for one destination: hold, release what is held, try
// at once what waits for its next attempt. It is asked why, counted by the program whose queue it
// is, and begun on the job's own page by whoever repeats that count.
import { post, withQuery } from './api.js';
import { ask } from './ask.js';
import { h } from './dom.js';
import { field } from './field.js';
import { icon } from './icons.js';
import { go } from './router.js';
import { t } from './texts.js';

const WHY_MAX = 120;
// What the API is asked for: the operation, and of which of the entries.
const WORKS = {
    hold: { operation: 'hold', picture: 'pause' },
    release: { operation: 'release', state: 'held', picture: 'send' },
    flush: { operation: 'release', state: 'deferred', picture: 'clock' },
};

export function whyField() {
    return field({
        label: t('operate.why'),
        help: t('operate.why.help'),
        control: h('textarea', { maxlength: WHY_MAX, rows: 2 }),
    });
}

export const faultsOfWhy = (why) => (values) =>
    values.why === '' ? [[why, t('operate.why.missing')]] : [];

async function plan(name, { key, place, label }) {
    const { operation, state } = WORKS[name];
    const why = whyField();
    let job = null;
    const isPlanned = await ask({
        title: t(`set.${name}`),
        about: h('p', {}, t(`set.${name}.about`, { who: label })),
        parts: { why },
        yes: t('set.count'),
        faults: faultsOfWhy(why),
        work: async (values) => {
            const order = { operation, destination: key, state, why: values.why };
            ({ job } = await post(withQuery('/v1/jobs', { place }), order));
        },
    });
    if (isPlanned) go(['jobs', String(job)], { place });
}

/** The buttons of one destination: { key, place, label }; only those that have something to do. */
export function setButtons(of, { waiting, held, deferred }) {
    const shown = { hold: waiting > 0, release: held > 0, flush: deferred > 0 };
    const button = ([name, { picture }]) =>
        h(
            'button',
            {
                'type': 'button',
                'class': 'button is-plain',
                'data-key': `${name}-${of.key}`,
                'aria-label': `${t(`set.${name}`)}: ${of.label}`,
                'on': { click: () => plan(name, of) },
            },
            icon(picture),
            t(`set.${name}`),
        );
    const wanted = Object.entries(WORKS).filter(([name]) => shown[name]);
    return h('span', { class: 'set-work' }, wanted.map(button));
}
