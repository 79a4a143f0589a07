// Owns: the draft of a message: kept at the desk a moment after each change, and at once when the
// page is left, so that a reload or a crash loses nothing; when it was saved in another tab since,
// that is said and nothing is overwritten.
import { call } from './api.js';

const WAIT_MS = 700;
const KEEPALIVE_MAX = 60000; // a browser sends no more than 64 KiB for a page that is gone

// What is being saved, whichever page began it: whoever reads a draft waits for it.
let saving = Promise.resolve();
export const draftsSettled = () => saving;

function send(id, version, content, isLast) {
    const json = id ? { ...content, version } : content;
    const keepalive = isLast && JSON.stringify(json).length < KEEPALIVE_MAX;
    return call(id ? 'PUT' : 'POST', id ? `/v1/drafts/${id}` : '/v1/drafts', { json, keepalive });
}

/** @param content() what is to be kept: { dossier_code, title, content }
 * @param onState called with 'saving', 'saved', 'stale' or a Problem
 * @returns { touch(), id(), stop() } */
export function draftKeeper({ draft, content, onState, signal }) {
    let { draft: id = 0, version = 0 } = draft ?? {};
    let timer = 0;
    let isOver = false; // it was sent, or somebody else saved it: nothing is written any more
    const save = async (isLast) => {
        if (isOver) return;
        onState('saving');
        try {
            ({ draft: id, version } = await send(id, version, content(), isLast));
            onState('saved');
        } catch (problem) {
            isOver = problem.status === 409;
            onState(isOver ? 'stale' : problem);
        }
    };
    // One after another: two at once would each take the other for somebody else.
    const now = (isLast) => {
        clearTimeout(timer);
        timer = 0;
        saving = saving.then(() => save(isLast));
    };
    const leave = () => timer && now(true);
    addEventListener('pagehide', leave, { signal });
    signal.addEventListener('abort', leave);
    return {
        id: () => id,
        touch() {
            clearTimeout(timer);
            timer = setTimeout(now, WAIT_MS);
        },
        stop() {
            clearTimeout(timer);
            timer = 0;
            isOver = true;
        },
    };
}
