// Owns: the pictures of the pages, drawn here as strokes on a field of 16 by 16.
import { s } from './dom.js';

const PATHS = {
    home: 'M2 7.5 8 2.5l6 5M4 6.5v7h8v-7',
    folder: 'M2 4h4l1.5 2H14v7H2z',
    send: 'M2 8h11M9 4l4 4-4 4',
    inbox: 'M2 9h3.5l1 2h3l1-2H14M2 9l2-6h8l2 6v4.5H2z',
    people:
        'M6 7.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5' +
        'M1.5 13.5c0-2.5 2-4 4.5-4s4.5 1.5 4.5 4M11 3a2.3 2.3 0 0 1 0 4.4' +
        'M12.5 10c1.3.6 2 1.8 2 3.5',
    book: 'M3 2.5h8.5a1.5 1.5 0 0 1 1.5 1.5v9.5H4.5A1.5 1.5 0 0 1 3 12zM5.5 5.5h5M5.5 8h5',
    search: 'M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10M10.7 10.7 14 14',
    menu: 'M2 4h12M2 8h12M2 12h12',
    sun:
        'M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6M8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1' +
        'M12 12l1 1M3 13l1-1M12 4l1-1',
    moon: 'M13.5 9.5A6 6 0 0 1 6.5 2.5a6 6 0 1 0 7 7',
    half: 'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2v12',
    leave: 'M6 2.5H3v11h3M7 8h7M11 5l3 3-3 3',
    copy: 'M5.5 5.5h8v8h-8zM3.5 10.5h-1v-8h8v1',
    done: 'M3 8.5l3.5 3.5L13 4.5',
    cross: 'M4 4l8 8M12 4l-8 8',
    file: 'M4 1.5h5.5L13 5v9.5H4zM9 1.5V5.5h4',
    down: 'M8 2v8.5M4.5 7.5 8 11l3.5-3.5M2.5 14h11',
    up: 'M8 11V2.5M4.5 5.5 8 2l3.5 3.5M2.5 14h11',
    clock: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12M8 4.5V8l2.5 1.5',
    alert: 'M8 2 14.5 13.5h-13zM8 6.5v3.2M8 11.6v.2',
    pause: 'M5.5 3.5v9M10.5 3.5v9',
    stop: 'M5 2h6l3 3v6l-3 3H5l-3-3V5zM5.5 8h5',
    ask: 'M6 6a2 2 0 1 1 2.8 1.8c-.5.3-.8.7-.8 1.4M8 11.6v.2M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12',
    print: 'M4.5 6V2h7v4M4.5 11.5H2V6h12v5.5h-2.5M4.5 9.5h7V14h-7z',
    more: 'M4 6l4 4 4-4',
    phone:
        'M3 2.5h3l1 3.5-1.7 1.2a8 8 0 0 0 3.5 3.5L10 9l3.5 1v3c0 .5-.5 1-1 1' +
        'C7 14 2 9 2 3.5c0-.5.5-1 1-1',
    dot: 'M8 10.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5',
};

/** A picture beside a word, never instead of one: screen readers pass it over. */
export function icon(name) {
    return s(
        'svg',
        { class: 'icon', viewBox: '0 0 16 16', 'aria-hidden': 'true', focusable: 'false' },
        s('path', { d: PATHS[name] }),
    );
}
