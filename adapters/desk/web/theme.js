// Owns: light or dark. 'auto' follows the system; the page's root says in data-theme what is shown.
import { kept } from './dom.js';

export const THEMES = ['auto', 'light', 'dark'];
const dark = matchMedia('(prefers-color-scheme: dark)');

export function theme() {
    const wanted = kept.get('theme');
    return THEMES.includes(wanted) ? wanted : 'auto';
}

function show() {
    const wanted = theme();
    document.documentElement.dataset.theme =
        wanted === 'auto' ? (dark.matches ? 'dark' : 'light') : wanted;
}

export function setTheme(wanted) {
    kept.set('theme', wanted);
    show();
}

dark.addEventListener('change', show);
show();
