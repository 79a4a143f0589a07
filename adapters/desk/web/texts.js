// Owns: the language of the page. All words stand in texts.vi.js and texts.en.js under one key
// each; only the file of the language in use is fetched.
import { kept } from './dom.js';

export const LANGUAGES = ['vi', 'en'];
let words = {};
let current = 'vi';

/** 'vi' or 'en'. */
export function language() {
    return current;
}

/** Loads the words of a language and makes it the page's; kept for the next visit. */
export async function speak(wanted) {
    const name = LANGUAGES.includes(wanted) ? wanted : 'vi';
    const module = name === 'vi' ? await import('./texts.vi.js') : await import('./texts.en.js');
    words = module.words;
    current = name;
    kept.set('language', name);
    document.documentElement.lang = name;
}

/** The language of the last visit; Vietnamese at the first. */
export function languageKept() {
    return kept.get('language');
}

/** The text of a key with its `{name}`s replaced. A key without a text is a defect that shows. */
export function t(key, values = {}) {
    const text = words[key];
    if (text === undefined) return `[${key}]`;
    return text.replace(/\{(\w+)\}/g, (whole, name) =>
        name in values ? String(values[name]) : whole,
    );
}

/** Whether a key has a text. */
export function has(key) {
    return words[key] !== undefined;
}

/** Of an answer's object the member in the page's language: name_vi or name_en. A Vietnamese text
 * stands where no English one was given. */
export function said(object, member) {
    if (!object) return '';
    const vietnamese = object[`${member}_vi`];
    const english = object[`${member}_en`] ?? object[member];
    return (current === 'vi' ? (vietnamese ?? english) : (english ?? vietnamese)) ?? '';
}
