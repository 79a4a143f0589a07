// Owns: bringing one file to the desk in pieces. A cut is asked about and gone on from where the
// desk has it; what it refuses ends the upload with its reason.
import { call, get, isLeft, post, Problem, remove } from './api.js';

const PIECE_BYTES = 512 * 1024;
const TRIES_MAX = 8; // without a byte of progress in between
const WAIT_MS = 500;

function pause(wait_ms, signal) {
    return new Promise((resolve, reject) => {
        const timer = setTimeout(resolve, wait_ms);
        signal.addEventListener('abort', () => {
            clearTimeout(timer);
            reject(signal.reason);
        });
    });
}

/** Whether trying again may help: no answer, busy, or the desk is elsewhere in the file than we. */
function isPassing(problem) {
    return (
        problem instanceof Problem &&
        (problem.status === 0 ||
            problem.status === 409 ||
            problem.status === 429 ||
            problem.status >= 500)
    );
}

async function sendPiece(file, upload, signal) {
    const offset = upload.received_bytes;
    const piece = file.slice(offset, offset + PIECE_BYTES);
    return call('PUT', `/v1/uploads/${upload.upload}?offset=${offset}`, { raw: piece, signal });
}

/** What the desk has of an upload; null when it is a day old and gone. */
async function stillThere(id, signal) {
    try {
        return await get(`/v1/uploads/${id}`, { signal });
    } catch (problem) {
        if (problem.status === 404) return null;
        throw problem;
    }
}

/** Uploads a file; `resume` is the id that the desk gave it, when it began earlier.
 * @param onProgress called with the upload after each piece
 * @returns the upload, state 'stored' @throws Problem */
export async function uploadFile(file, { resume, onProgress, signal }) {
    const known = resume ? await stillThere(resume, signal) : null;
    const said = { name: file.name.normalize('NFC'), size_bytes: file.size };
    let upload = known ?? (await post('/v1/uploads', said, { signal }));
    onProgress(upload);
    for (let tries = 0; upload.state === 'receiving';) {
        try {
            const now = await sendPiece(file, upload, signal);
            tries = now.received_bytes > upload.received_bytes ? 0 : tries + 1;
            upload = now;
        } catch (problem) {
            if (isLeft(problem) || !isPassing(problem) || tries >= TRIES_MAX) throw problem;
            tries += 1;
            await pause(WAIT_MS * tries, signal);
            upload = await get(`/v1/uploads/${upload.upload}`, { signal }).catch((again) => {
                if (isPassing(again)) return upload;
                throw again;
            });
        }
        onProgress(upload);
    }
    return upload;
}

/** Tells the desk that a file is not wanted after all; that it did not hear is no harm. */
export function dropUpload(id) {
    remove(`/v1/uploads/${id}`).catch(() => {});
}
