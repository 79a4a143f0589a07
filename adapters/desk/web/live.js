// Owns: what the server tells as it happens. One tab of a browser listens for all of them: a
// browser has six connections to one host, and each tab would take one. The tab that listens holds
// a lock; when it is hidden or closed another takes over behind the last event that was heard.
const RETRY_MS = [500, 1000, 2000, 5000, 10000, 30000];
const LOCK = 'desk-events';
const channel = 'BroadcastChannel' in globalThis ? new BroadcastChannel(LOCK) : null;
const listeners = new Set();
let last_id = '';
let ending = null;

/** Calls `listener({ kind, id, version })` for events of one of the kinds until `signal` ends it;
 * of kind 'reset' when some were missed and lists must be read anew. */
export function listen(kinds, listener, signal) {
    const entry = (event) => {
        if (event.kind === 'reset' || kinds.includes(event.kind)) listener(event);
    };
    listeners.add(entry);
    signal.addEventListener('abort', () => listeners.delete(entry));
}

function hear(message) {
    if (message.id) last_id = message.id;
    for (const listener of [...listeners]) listener(message.event);
}
channel?.addEventListener('message', ({ data }) => hear(data));

function tell(message) {
    channel?.postMessage(message);
    hear(message);
}

/** One block of an event stream ("id: 1\nevent: reset\ndata: {…}") as { id, event }, or null. */
export function parseBlock(block) {
    const found = { id: '', name: '', data: '' };
    for (const line of block.split('\n')) {
        const [, name, value] = /^(id|event|data): ?(.*)$/.exec(line) ?? [];
        if (name === 'event') found.name = value;
        else if (name) found[name] += value;
    }
    if (found.name === 'reset') return { id: found.id, event: { kind: 'reset' } };
    if (found.name !== '' || found.data === '')
        return found.id ? { id: found.id, event: { kind: 'begin' } } : null;
    try {
        return { id: found.id, event: JSON.parse(found.data) };
    } catch {
        return null;
    }
}

async function read(answer, signal) {
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    signal.addEventListener('abort', () => reader.cancel().catch(() => {}));
    let rest = '';
    for (;;) {
        const { value, done } = await reader.read();
        if (done) return;
        const blocks = (rest + value.replaceAll('\r', '')).split('\n\n');
        rest = blocks.pop();
        for (const message of blocks.map(parseBlock)) if (message) tell(message);
    }
}

function pause(wait_ms, signal) {
    return new Promise((resolve) => {
        const timer = setTimeout(resolve, wait_ms * (0.5 + Math.random()));
        signal.addEventListener('abort', () => {
            clearTimeout(timer);
            resolve();
        });
    });
}

/** Listens until `signal` ends it; a session that is over ends it too. */
async function follow(signal) {
    for (let failures = 0; !signal.aborted;) {
        try {
            const headers = last_id ? { 'Last-Event-ID': last_id } : {};
            const answer = await fetch('/v1/events', { headers, signal, cache: 'no-store' });
            if (answer.status === 401) return;
            if (answer.ok) {
                failures = 0;
                await read(answer, signal);
            }
        } catch {
            /* cut: tried again below */
        }
        await pause(RETRY_MS[Math.min(failures, RETRY_MS.length - 1)], signal);
        failures += 1;
    }
}

function begin() {
    if (ending || document.hidden) return;
    ending = new AbortController();
    const { signal } = ending;
    if (navigator.locks)
        navigator.locks.request(LOCK, { signal }, () => follow(signal)).catch(() => {});
    else follow(signal);
}

function end() {
    ending?.abort();
    ending = null;
}

let isWanted = false;
export function connect() {
    isWanted = true;
    begin();
}
export function disconnect() {
    isWanted = false;
    end();
}
document.addEventListener('visibilitychange', () => {
    if (document.hidden) end();
    else if (isWanted) begin();
});
