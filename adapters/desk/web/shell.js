// Owns: what stands around every page: the bar with search, language, theme and person; the list of
// pages; the line that says what has just happened.
import { add, fill, h } from './dom.js';
import { icon } from './icons.js';
import { go, link } from './router.js';
import { language, said, t } from './texts.js';
import { setTheme, theme, THEMES } from './theme.js';

// Pages in the order of a day's work; those that a person may not open are not offered.
const PLACES = [
    { name: 'landing', right: 'landing', picture: 'home' },
    { name: 'inbox', right: 'inbox', picture: 'inbox' },
    { name: 'dossiers', right: 'dossiers', picture: 'folder' },
    { name: 'forward', right: 'send', picture: 'send', isCentre: true },
    { name: 'queues', right: 'queues', picture: 'menu' },
    { name: 'people', right: 'people', picture: 'people' },
    { name: 'audit', right: 'audit', picture: 'book' },
];
const THEME_PICTURES = { auto: 'half', light: 'sun', dark: 'moon' };

function brand(me, home) {
    const words = [
        h('span', { class: 'brand-mark', 'aria-hidden': 'true' }, icon('send')),
        h('span', { class: 'brand-name' }, 'Liên Thông'),
    ];
    const who = me && h('span', { class: 'brand-who' }, said(me.participant, 'name'));
    return me
        ? h('a', { class: 'brand', href: link([home]) }, words, who)
        : h('span', { class: 'brand' }, words);
}

function searchBox() {
    const input = h('input', {
        type: 'search',
        id: 'search',
        name: 'q',
        maxlength: 200,
        autocomplete: 'off',
        placeholder: t('search.hint'),
        'aria-label': t('search.label'),
        'aria-keyshortcuts': 'Control+K',
    });
    const submit = (event) => {
        event.preventDefault();
        go(['dossiers'], { q: input.value.trim() });
    };
    return h('form', { class: 'search', role: 'search', on: { submit } }, icon('search'), input);
}

function languageButton(onLanguage) {
    const other = language() === 'vi' ? 'en' : 'vi';
    return h(
        'button',
        {
            type: 'button',
            class: 'bar-button',
            lang: other,
            id: 'language',
            on: { click: () => onLanguage(other) },
        },
        t('language.other'),
    );
}

function themeButton() {
    const button = h('button', { type: 'button', class: 'bar-button icon-only' });
    const draw = () => {
        const label = t('theme.button', { theme: t(`theme.${theme()}`) });
        fill(button, icon(THEME_PICTURES[theme()]));
        button.setAttribute('aria-label', label);
        button.title = label;
    };
    button.addEventListener('click', () => {
        setTheme(THEMES[(THEMES.indexOf(theme()) + 1) % THEMES.length]);
        draw();
        announce(t('theme.button', { theme: t(`theme.${theme()}`) }));
    });
    draw();
    return button;
}

function personMenu(me, onLeave) {
    const details = h(
        'details',
        { class: 'menu' },
        h(
            'summary',
            { class: 'bar-button' },
            h('span', { class: 'person-short' }, icon('people')),
            h(
                'span',
                { class: 'person' },
                h('span', { class: 'person-name' }, me.full_name),
                h('span', { class: 'person-role' }, said(me, 'role')),
            ),
            icon('more'),
        ),
        h(
            'div',
            { class: 'menu-panel' },
            h(
                'a',
                { href: link(['account']), class: 'menu-item' },
                icon('people'),
                t('nav.account'),
            ),
            h(
                'button',
                { type: 'button', class: 'menu-item', on: { click: onLeave } },
                icon('leave'),
                t('signout'),
            ),
        ),
    );
    closing(details);
    return details;
}

/** A menu closes by Escape, by leaving it, and by what is chosen in it. */
function closing(details) {
    details.addEventListener('keydown', (event) => {
        if (event.key !== 'Escape' || !details.open) return;
        details.open = false;
        details.querySelector('summary').focus();
    });
    details.addEventListener('focusout', (event) => {
        if (event.relatedTarget && !details.contains(event.relatedTarget)) details.open = false;
    });
    details.addEventListener('click', (event) => {
        if (event.target.closest('.menu-item')) details.open = false;
    });
}

function placesFor(me) {
    return PLACES.filter(
        (place) => me.rights.includes(place.right) && (!place.isCentre || me.participant.is_centre),
    );
}

function navigation(me) {
    const list = h(
        'ul',
        {},
        placesFor(me).map((place) =>
            h(
                'li',
                {},
                h(
                    'a',
                    { href: link([place.name]), 'data-place': place.name },
                    icon(place.picture),
                    t(`nav.${place.name}`),
                ),
            ),
        ),
    );
    const nav = h('nav', { id: 'nav', class: 'nav', 'aria-label': t('nav.label') }, list);
    return nav;
}

function menuButton(nav) {
    const button = h(
        'button',
        {
            type: 'button',
            class: 'bar-button icon-only nav-toggle',
            'aria-expanded': 'false',
            'aria-controls': 'nav',
            'aria-label': t('nav.toggle'),
            title: t('nav.toggle'),
        },
        icon('menu'),
    );
    const show = (isOpen) => {
        nav.classList.toggle('is-open', isOpen);
        button.setAttribute('aria-expanded', String(isOpen));
    };
    button.addEventListener('click', () => show(!nav.classList.contains('is-open')));
    nav.addEventListener('click', (event) => {
        if (event.target.closest('a')) show(false);
    });
    return button;
}

function skipLink() {
    const skip = (event) => {
        event.preventDefault();
        const target = document.querySelector('#main h1') ?? document.getElementById('main');
        target.focus();
    };
    return h('a', { class: 'skip', href: '#main', on: { click: skip } }, t('skip'));
}

/** Says that what is shown may be old: the adapter does not answer, or the book is in trouble. */
function standing(me) {
    return ['book', 'adapter']
        .filter((part) => me[part].code !== 'ok')
        .map((part) =>
            h(
                'div',
                { class: 'notice is-warn', role: 'note' },
                icon('alert'),
                h(
                    'p',
                    {},
                    h('strong', {}, t(`standing.${part}`)),
                    ' ',
                    said(me[part], 'text'),
                    ' ',
                    said(me[part], 'hint'),
                ),
            ),
        );
}

/** The parts of the body for a person, or for nobody yet. */
export function frame({ me, home, onLeave, onLanguage }) {
    const nav = me && navigation(me);
    const bar = h(
        'header',
        { class: 'bar' },
        me && menuButton(nav),
        brand(me, home),
        me?.rights.includes('dossiers') && searchBox(),
        h(
            'div',
            { class: 'bar-end' },
            languageButton(onLanguage),
            themeButton(),
            me && personMenu(me, onLeave),
        ),
    );
    const main = h('main', { id: 'main', tabindex: '-1' });
    return [
        skipLink(),
        bar,
        ...(nav ? [nav] : []),
        h('div', { class: 'page' }, me && h('div', { id: 'standing' }, standing(me)), main),
        h('div', { id: 'said', class: 'said', role: 'status' }),
    ];
}

/** Marks the page of the list that is shown. */
export function markPlace(name) {
    for (const anchor of document.querySelectorAll('.nav a')) {
        if (anchor.dataset.place === name) anchor.setAttribute('aria-current', 'page');
        else anchor.removeAttribute('aria-current');
    }
}

/** Says what has just happened, to eyes and to screen readers, until something else does or the
 * person puts it away. Failures are said beside what failed instead. */
export function announce(text) {
    const place = document.getElementById('said');
    if (!place) return;
    fill(
        place,
        h('p', {}, icon('done'), text),
        h(
            'button',
            {
                type: 'button',
                class: 'said-close',
                'aria-label': t('close'),
                on: { click: () => fill(place) },
            },
            icon('cross'),
        ),
    );
}

addEventListener('keydown', (event) => {
    if (event.key.toLowerCase() !== 'k' || !(event.ctrlKey || event.metaKey)) return;
    const input = document.getElementById('search');
    if (!input) return;
    event.preventDefault();
    input.focus();
    input.select();
});

/** A page's head: its name, what it is about, what may be done. */
export function head(title, { under, actions } = {}) {
    const end = actions?.flat(Infinity).filter(Boolean) ?? [];
    return h(
        'div',
        { class: 'head' },
        add(
            h('div', { class: 'head-words' }),
            h('h1', { tabindex: '-1' }, title),
            under && h('p', { class: 'head-under' }, under),
        ),
        end.length > 0 && h('div', { class: 'head-actions' }, end),
    );
}
