// Owns: the files of a message that is written: by button or by drop, each with its progress, to be
// taken away or tried again. What is whole is known by its digest and lives in the draft.
import { isLeft } from './api.js';
import { fill, h, uniqueId } from './dom.js';
import { number, size } from './format.js';
import { icon } from './icons.js';
import { announce } from './shell.js';
import { t } from './texts.js';
import { dropUpload, uploadFile } from './upload.js';

const FILES_MAX = 64; // schema/envelope.proto

function stateWords(entry) {
    if (entry.problem) return entry.problem.title?.() ?? t('problem.unknown');
    if (entry.sha256) return t('file.stored');
    return t('file.percent', { n: number(Math.floor((100 * entry.received) / entry.size)) });
}

/** @param onChange called when the set of files, or one's state, is another
 * @returns { element, read(), write(files), isBusy(), faults(), end() } */
export function fileField({ onChange, signal }) {
    const entries = [];
    const list = h('ul', { class: 'files' });
    const input = h('input', {
        type: 'file',
        multiple: true,
        id: uniqueId('files'),
        hidden: true,
    });
    const choose = h(
        'button',
        { type: 'button', class: 'button', on: { click: () => input.click() } },
        icon('up'),
        t('file.choose'),
    );
    const zone = h('div', { class: 'drop' }, h('p', {}, t('file.drop')), choose, input);
    const element = h(
        'fieldset',
        { class: 'is-wide' },
        h('legend', {}, t('file.title')),
        zone,
        list,
    );

    const changed = () => onChange();
    const take = (entry) => {
        entries.splice(entries.indexOf(entry), 1);
        entry.ending?.abort();
        if (entry.upload && !entry.sha256) dropUpload(entry.upload);
        entry.element.remove();
        choose.focus();
        changed();
    };
    const draw = (entry) => {
        const bar =
            !entry.sha256 &&
            !entry.problem &&
            h('progress', {
                max: entry.size,
                value: entry.received,
                'aria-label': t('file.progress', { name: entry.name }),
            });
        const retry =
            entry.problem &&
            entry.file &&
            h(
                'button',
                { type: 'button', class: 'button is-plain', on: { click: () => begin(entry) } },
                t('retry'),
            );
        fill(
            entry.element,
            h(
                'div',
                { class: 'file' },
                icon(entry.sha256 ? 'done' : entry.problem ? 'alert' : 'up'),
                h('span', { class: 'file-name' }, h('bdi', {}, entry.name)),
                h('span', { class: 'muted nowrap' }, size(entry.size)),
                h(
                    'span',
                    { class: entry.problem ? 'field-error' : 'muted nowrap' },
                    stateWords(entry),
                ),
                retry,
                h(
                    'button',
                    {
                        type: 'button',
                        class: 'button is-plain',
                        'aria-label': t('file.remove.of', { name: entry.name }),
                        on: { click: () => take(entry) },
                    },
                    icon('cross'),
                    t('file.remove'),
                ),
            ),
            bar,
        );
    };
    /** The bar moves without being drawn anew, so that the focus stays where it is. */
    const progressed = (entry, upload) => {
        Object.assign(entry, { upload: upload.upload, received: upload.received_bytes });
        const bar = entry.element.querySelector('progress');
        if (!bar) return draw(entry);
        bar.value = upload.received_bytes;
        entry.element.querySelector('.nowrap + .muted').textContent = stateWords(entry);
        return undefined;
    };
    const begin = async (entry) => {
        entry.problem = null;
        entry.ending = new AbortController();
        draw(entry);
        try {
            const upload = await uploadFile(entry.file, {
                resume: entry.upload,
                signal: AbortSignal.any([entry.ending.signal, signal]),
                onProgress: (now) => progressed(entry, now),
            });
            Object.assign(entry, { sha256: upload.sha256, media_type: upload.media_type });
            announce(t('file.done', { name: entry.name }));
        } catch (problem) {
            if (isLeft(problem) || entry.ending.signal.aborted || signal.aborted) return;
            entry.problem = problem;
        }
        draw(entry);
        changed();
    };
    const put = (entry) => {
        entry.element = h('li', { 'aria-label': entry.name });
        entries.push(entry);
        list.append(entry.element);
        draw(entry);
    };
    const addFiles = (files) => {
        for (const file of [...files].slice(0, FILES_MAX - entries.length)) {
            if (file.size === 0) {
                announce(t('file.empty', { name: file.name }));
                continue;
            }
            const entry = { file, name: file.name.normalize('NFC'), size: file.size, received: 0 };
            put(entry);
            begin(entry);
        }
        changed();
    };
    input.addEventListener('change', () => {
        addFiles(input.files);
        input.value = '';
    });
    for (const name of ['dragenter', 'dragover', 'dragleave', 'drop']) {
        zone.addEventListener(name, (event) => {
            event.preventDefault();
            zone.classList.toggle('is-over', name === 'dragenter' || name === 'dragover');
        });
    }
    zone.addEventListener('drop', (event) => addFiles(event.dataTransfer.files));
    return {
        element,
        read: () =>
            entries
                .filter((entry) => entry.sha256)
                .map(({ sha256, name, size: of, media_type }) => ({
                    sha256,
                    name,
                    size: of,
                    media_type,
                })),
        write(files = []) {
            for (const file of files) put({ ...file, received: file.size });
        },
        isBusy: () => entries.some((entry) => !entry.sha256 && !entry.problem),
        faults: () =>
            entries
                .filter((entry) => !entry.sha256)
                .map((entry) => [
                    null,
                    `${entry.name}: ${entry.problem ? stateWords(entry) : t('file.wait')}`,
                ]),
    };
}
