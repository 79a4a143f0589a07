// Owns: the address. Pages stand behind '#', so that only `/` has to be served and no word that is
// searched for, such as a name, reaches a log of somebody's proxy through the address.

/** '#/dossiers/H15?view=overdue' as { path: ['dossiers', 'H15'], query: { view: 'overdue' } }. */
export function parseRoute(hash) {
    const text = hash.replace(/^#\/?/, '');
    const [path, query = ''] = [text.split('?')[0], text.split('?').slice(1).join('?')];
    const words = path
        .split('/')
        .filter(Boolean)
        .map((word) => {
            try {
                return decodeURIComponent(word);
            } catch {
                return word;
            }
        });
    return { path: words, query: Object.fromEntries(new URLSearchParams(query)) };
}

/** The address of a page: link(['dossiers', code], { view }). */
export function link(path, query = {}) {
    const words = path.map(encodeURIComponent).join('/');
    const wanted = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) {
        if (value !== undefined && value !== null && value !== '') wanted.set(name, value);
    }
    const text = wanted.toString();
    return `#/${words}${text ? `?${text}` : ''}`;
}

/** Goes to another page; the browser's own history has the one before. */
export function go(path, query) {
    location.hash = link(path, query);
}

/** Changes the address without leaving the page: a filter that was set, a search that is typed. */
export function amend(path, query) {
    history.replaceState(null, '', link(path, query));
}
