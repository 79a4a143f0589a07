// Owns: the marks of state: which picture and which colour stand beside the word that the server
// gives. The word is always there; picture and colour repeat it.
import { h } from './dom.js';
import { icon } from './icons.js';
import { said } from './texts.js';

const DOSSIER = {
    forwarded: ['info', 'send'],
    refused: ['bad', 'stop'],
    processing: ['info', 'half'],
    supplement: ['warn', 'ask'],
    suspended: ['warn', 'pause'],
    payment: ['warn', 'ask'],
    result: ['good', 'done'],
    handed_over: ['plain', 'done'],
    withdrawn: ['plain', 'cross'],
    stopped: ['plain', 'stop'],
};
const STANDING = {
    in_time: ['plain', 'clock'],
    due_soon: ['warn', 'clock'],
    due_today: ['warn', 'alert'],
    overdue: ['bad', 'alert'],
    paused: ['plain', 'pause'],
    finished_in_time: ['good', 'done'],
    finished_late: ['bad', 'done'],
};
const MESSAGE = {
    queued: ['plain', 'dot'],
    leased: ['info', 'send'],
    deferred: ['warn', 'clock'],
    held: ['warn', 'pause'],
    custody: ['info', 'half'],
    awaited: ['info', 'half'],
    delivered: ['good', 'done'],
    refused: ['bad', 'stop'],
    expired: ['bad', 'clock'],
    withdrawn: ['plain', 'cross'],
};
const AGENCY = {
    idle: ['plain', 'dot'],
    moving: ['info', 'send'],
    waiting: ['plain', 'clock'],
    stuck: ['bad', 'alert'],
    held: ['warn', 'pause'],
};

/** A mark of a kind ('plain', 'info', 'good', 'warn', 'bad') with any words. */
export function mark(kind, picture, words) {
    return h('span', { class: `mark is-${kind}` }, icon(picture), words);
}

function markOf(table, object, member) {
    const value = object?.[member];
    if (!value) return null;
    const [kind, picture] = table[value] ?? ['plain', 'dot'];
    return mark(kind, picture, said(object, member) || value);
}

export const dossierMark = (row) => markOf(DOSSIER, row, 'state');
export const standingMark = (row) => markOf(STANDING, row, 'standing');
export const messageMark = (row) => markOf(MESSAGE, row, 'state');
export const agencyMark = (row) => markOf(AGENCY, row, 'state');
