// Owns: the pages alone, served on a free port of loopback with the headers that the desk sends,
// for tests whose answers are put in by the browser's own interception (answers.js).
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { basename, extname, join } from 'node:path';

const WEB = join(process.env.ROOT, 'adapters/desk/web');
const TYPES = {
    '.html': 'text/html; charset=utf-8',
    '.js': 'text/javascript; charset=utf-8',
    '.css': 'text/css; charset=utf-8',
    '.svg': 'image/svg+xml',
};
export const POLICY =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; " +
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

async function answer(request, response) {
    const { pathname } = new URL(request.url, 'http://localhost');
    const headers = {
        'Content-Security-Policy': POLICY,
        'X-Content-Type-Options': 'nosniff',
        'Referrer-Policy': 'no-referrer',
    };
    if (pathname === '/') {
        const page = await readFile(join(WEB, 'index.html'), 'utf8');
        response.writeHead(200, { ...headers, 'Content-Type': TYPES['.html'] });
        response.end(page.replaceAll('@hash@', 'test'));
        return;
    }
    const name = /^\/static\/test\/([\w.]+)$/.exec(pathname)?.[1];
    const type = name && TYPES[extname(name)];
    if (!type) {
        response.writeHead(404, headers).end();
        return;
    }
    const file = createReadStream(join(WEB, basename(name)));
    file.on('error', () => response.writeHead(404, headers).end());
    file.once('open', () => {
        response.writeHead(200, { ...headers, 'Content-Type': type });
        file.pipe(response);
    });
}

/** @returns { url, close() } */
export async function servePages() {
    const server = createServer((request, response) => {
        answer(request, response).catch(() => response.writeHead(500).end());
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    return {
        url: `http://127.0.0.1:${server.address().port}`,
        close: () => {
            server.closeAllConnections();
            return new Promise((resolve) => server.close(resolve));
        },
    };
}
