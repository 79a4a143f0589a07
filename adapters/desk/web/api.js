// Owns: calls of the desk's own API. Every refusal becomes a Problem with words for a person; a
// session that ended is told to whoever asked with onSignedOut.
import { said, t } from './texts.js';

/** Why a call failed: the server's problem (RFC 9457), or that there was no answer. */
export class Problem extends Error {
    constructor(body, status) {
        super(body.title ?? 'problem');
        this.body = body;
        this.status = status;
        this.code = body.code ?? '';
        /** The field at fault, by its name in the API; '' when it is about none. */
        this.field = body.field ?? body.detail ?? '';
    }

    title() {
        return said(this.body, 'title') || t('problem.unknown');
    }
    hint() {
        return said(this.body, 'hint');
    }
}

let signedOut = () => {};
export function onSignedOut(listener) {
    signedOut = listener;
}

function noAnswer() {
    return new Problem(
        {
            code: 'no_answer',
            title_vi: t('problem.no_answer'),
            title: t('problem.no_answer'),
            hint_vi: t('problem.no_answer.hint'),
            hint: t('problem.no_answer.hint'),
        },
        0,
    );
}

async function problemOf(answer) {
    let body = {};
    try {
        body = await answer.json();
    } catch {
        /* a proxy's page: the status has to do */
    }
    if (typeof body !== 'object' || body === null) body = {};
    if (!body.title) {
        const title = t('problem.status', { status: answer.status });
        body = { ...body, title, title_vi: title };
    }
    return new Problem(body, answer.status);
}

/** What the server answers to METHOD path; null to a 204. `json` or
 * `raw` bytes are the body; `signal` ends it.
 * @throws Problem; DOMException AbortError when the signal ended it */
export async function call(method, path, { json, raw, headers = {}, signal, keepalive } = {}) {
    const options = {
        method,
        headers: { Accept: 'application/json', ...headers },
        signal,
        credentials: 'same-origin',
        cache: 'no-store',
        redirect: 'error',
        keepalive,
    };
    if (method !== 'GET') options.headers['X-Desk'] = '1';
    if (json !== undefined) {
        options.headers['Content-Type'] = 'application/json';
        options.body = JSON.stringify(json);
    }
    if (raw !== undefined) {
        options.headers['Content-Type'] = 'application/octet-stream';
        options.body = raw;
    }
    let answer;
    try {
        answer = await fetch(path, options);
    } catch (error) {
        if (error.name === 'AbortError') throw error;
        throw noAnswer();
    }
    if (answer.ok) return answer.status === 204 ? null : answer.json();
    const problem = await problemOf(answer);
    if (answer.status === 401 && problem.code === 'session_over') signedOut(problem);
    throw problem;
}

export const get = (path, options) => call('GET', path, options);
export const post = (path, json, options) => call('POST', path, { json, ...options });
export const put = (path, json, options) => call('PUT', path, { json, ...options });
export const remove = (path, options) => call('DELETE', path, options);

/** `path?a=b` of the values that are not empty. */
export function withQuery(path, values) {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(values)) {
        if (value !== undefined && value !== null && value !== '') query.set(name, value);
    }
    const text = query.toString();
    return text ? `${path}?${text}` : path;
}

/** Whether an error only says that its page was left. */
export function isLeft(error) {
    return error?.name === 'AbortError';
}
