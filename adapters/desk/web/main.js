// Owns: the start, the table of pages, and which of them is shown. A page is a module with
//   title(route)                          its name, for the tab and for who listens
//   show({ main, route, me, signal })     fills `main`; `signal` ends what it began when it is left
// Sign-in has no address of its own: it stands in the place of the page that was asked for, so that
// nobody can be led elsewhere by it.
import './theme.js';
import { call, get, isLeft, onSignedOut } from './api.js';
import { fill, h } from './dom.js';
import { connect, disconnect } from './live.js';
import { link, parseRoute } from './router.js';
import { announce, frame, markPlace } from './shell.js';
import { languageKept, speak, t } from './texts.js';
import { problemNotice } from './notice.js';

const PAGES = {
    landing: { right: 'landing', load: () => import('./page_landing.js') },
    dossiers: {
        right: 'dossiers',
        load: (route) =>
            route.path[1] ? import('./page_dossier.js') : import('./page_dossiers.js'),
    },
    forward: { right: 'send', load: () => import('./page_send.js') },
    send: { right: 'send', load: () => import('./page_send.js') },
    inbox: { right: 'inbox', load: () => import('./page_inbox.js') },
    queues: {
        right: 'queues',
        load: (route) =>
            route.path[1] ? import('./page_queue.js') : import('./page_queues.js'),
    },
    jobs: { right: 'queues', load: () => import('./page_job.js') },
    people: { right: 'people', load: () => import('./page_people.js') },
    audit: { right: 'audit', load: () => import('./page_audit.js') },
    account: { load: () => import('./page_account.js') },
};

let me = null;
let left = new AbortController();
let shown = '';

/** The first page of a person: what his role begins the day with. */
function home() {
    const first = ['landing', 'inbox', 'dossiers', 'people', 'audit'].find((right) => may(right));
    return first ?? 'account';
}

function may(right) {
    return right === undefined || me.rights.includes(right);
}

function pageOf(route) {
    const name = me.must_change_password ? 'account' : (route.path[0] ?? home());
    const page = PAGES[name];
    return page && may(page.right) ? { name, page } : null;
}

function noSuchPage(main) {
    document.title = t('title', { page: t('nopage.title') });
    fill(
        main,
        h('h1', { tabindex: '-1' }, t('nopage.title')),
        h('p', {}, t('nopage.text')),
        h('p', {}, h('a', { href: link([home()]) }, t('nopage.home'))),
    );
}

async function fillMain(main, route, signal) {
    const found = pageOf(route);
    markPlace(found?.name);
    if (!found) return noSuchPage(main);
    const module = await found.page.load(route);
    if (signal.aborted) return undefined;
    document.title = t('title', { page: module.title(route, me) });
    await module.show({
        main,
        route,
        me,
        signal,
        changed: (now) => {
            me = now;
        },
    });
    return undefined;
}

/** Shows what the address says. `isMove`: the person went there, so the focus goes along. */
async function showRoute(isMove) {
    left.abort();
    left = new AbortController();
    const { signal } = left;
    const route = parseRoute(location.hash);
    const main = document.getElementById('main');
    try {
        await fillMain(main, route, signal);
    } catch (error) {
        if (isLeft(error) || signal.aborted || error.status === 401) return;
        fill(main, h('h1', { tabindex: '-1' }, t('problem.page')), problemNotice(error));
    }
    if (isMove && !signal.aborted && shown !== location.hash) main.querySelector('h1')?.focus();
    shown = location.hash;
}

async function enter() {
    document.body.replaceChildren(
        ...frame({ me, home: home(), onLeave: leave, onLanguage: changeLanguage }),
    );
    connect();
    await showRoute(false);
}

async function showSignIn(reason) {
    left.abort();
    left = new AbortController();
    me = null;
    disconnect();
    const { showSignIn: show } = await import('./page_sign_in.js');
    document.body.replaceChildren(...frame({ me: null, onLanguage: changeLanguage }));
    document.title = t('title', { page: t('signin.title') });
    show({
        main: document.getElementById('main'),
        reason,
        onSignedIn: async (person) => {
            me = person;
            await enter();
            document.querySelector('h1')?.focus();
        },
    });
}

async function leave() {
    try {
        await call('POST', '/v1/sign-out');
    } catch {
        /* it ends by itself */
    }
    history.replaceState(null, '', '#/');
    await showSignIn('left');
}

async function changeLanguage(wanted) {
    await speak(wanted);
    if (me) await enter();
    else await showSignIn();
    announce(t('language.now'));
}

async function start() {
    await speak(languageKept());
    onSignedOut(() => {
        if (me) showSignIn('over');
    });
    addEventListener('hashchange', () => {
        if (me) showRoute(true);
    });
    try {
        me = await get('/v1/me');
    } catch (error) {
        await showSignIn(error.status === 401 ? undefined : error);
        return;
    }
    await enter();
}

start();
