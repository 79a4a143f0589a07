// Owns: how elements are made. Text only ever becomes a text node; no markup is ever parsed, so
// that the page lives under `require-trusted-types-for 'script'` without any policy.

const SVG = 'http://www.w3.org/2000/svg';
// What is set as a property, because the attribute is only its first value.
const PROPERTIES = new Set(['value', 'checked', 'indeterminate', 'disabled', 'selected']);

function set(element, name, value) {
    if (value === undefined || value === null || value === false) return;
    if (name === 'on') {
        for (const [event, listener] of Object.entries(value))
            element.addEventListener(event, listener);
    } else if (PROPERTIES.has(name)) {
        element[name] = value;
    } else {
        element.setAttribute(name, value === true ? '' : String(value));
    }
}

/** Adds children: nodes, texts, numbers, lists of them; null, undefined, booleans are left out. */
export function add(element, ...children) {
    for (const child of children.flat(Infinity)) {
        if (child === null || child === undefined || typeof child === 'boolean') continue;
        element.append(child instanceof Node ? child : document.createTextNode(String(child)));
    }
    return element;
}

/** h('p', { class: 'x', on: { click } }, 'text', node): an HTML element. */
export function h(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    const late = tag === 'select' ? attributes.value : undefined;
    for (const [name, value] of Object.entries(attributes)) set(element, name, value);
    add(element, ...children);
    if (late !== undefined) element.value = late; // an option must stand there before it is chosen
    return element;
}

/** The same in SVG. */
export function s(tag, attributes = {}, ...children) {
    const element = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) set(element, name, value);
    return add(element, ...children);
}

/** Puts children in the place of all that an element holds. */
export function fill(element, ...children) {
    element.replaceChildren();
    return add(element, ...children);
}

let last = 0;
/** An id that no other element has. */
export function uniqueId(what) {
    last += 1;
    return `${what}-${last}`;
}

/** Calls `run` when nobody has called again for `wait_ms`; ends with `signal`. */
export function debounced(run, wait_ms, signal) {
    let timer = 0;
    signal?.addEventListener('abort', () => clearTimeout(timer));
    return (...words) => {
        clearTimeout(timer);
        timer = setTimeout(() => run(...words), wait_ms);
    };
}

/** Calls `run` at once, and then at most once in `wait_ms` however often it is asked for. */
export function paced(run, wait_ms, signal) {
    let last_ms = -wait_ms;
    let timer = 0;
    signal.addEventListener('abort', () => clearTimeout(timer));
    const now = () => {
        timer = 0;
        last_ms = performance.now();
        run();
    };
    return () => {
        if (timer || signal.aborted) return;
        timer = setTimeout(now, Math.max(0, last_ms + wait_ms - performance.now()));
    };
}

/** localStorage, where the browser has one; what is kept there is a convenience, never data. */
export const kept = {
    get(name) {
        try {
            return localStorage.getItem(`desk.${name}`);
        } catch {
            return null;
        }
    },
    set(name, value) {
        try {
            localStorage.setItem(`desk.${name}`, value);
        } catch {
            /* a private window: not kept */
        }
    },
};
