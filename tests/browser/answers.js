// Owns: the answers of a desk, recorded: answers/NAME.json holds { "GET /v1/me": { status, body } }
// and the like, each held against adapters/desk/openapi.yaml before it is used. What a test changes
// it gives as a function.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { parse } from 'yaml';

const CONTRACT = join(process.env.ROOT, 'adapters/desk/openapi.yaml');
const HERE = new URL('./answers/', import.meta.url);

/** All recorded answers by "METHOD /path". */
export function recorded() {
    const all = {};
    for (const name of readdirSync(HERE)) {
        Object.assign(all, JSON.parse(readFileSync(new URL(name, HERE), 'utf8')));
    }
    return all;
}

function patternOf(path) {
    return new RegExp(
        `^${path.replace(/[.*+?^$()|[\]\\]/g, '\\$&').replace(/\{\w+\}/g, '[^/]+')}$`,
    );
}

function schemaOf(contract, method, path, status) {
    const found = Object.entries(contract.paths).find(([of]) => patternOf(of).test(path));
    let answer = found?.[1][method.toLowerCase()]?.responses[status];
    if (answer?.$ref) answer = contract.components.responses[answer.$ref.split('/').pop()];
    if (!answer) return undefined;
    return Object.values(answer.content ?? {})[0]?.schema ?? null;
}

/** What of the recorded answers the contract does not allow, as texts; null without a contract. */
export function faultsOfAnswers(all) {
    if (!existsSync(CONTRACT)) return null;
    const contract = parse(readFileSync(CONTRACT, 'utf8'));
    const ajv = new Ajv({ strict: false, allErrors: true });
    formats(ajv);
    ajv.addSchema({ $id: 'contract', components: contract.components });
    const faults = [];
    for (const [of, { status = 200, body }] of Object.entries(all)) {
        const [method, address] = of.split(' ');
        const schema = schemaOf(contract, method, address.split('?')[0], String(status));
        if (schema === undefined) faults.push(`${of}: no answer ${status} in the contract`);
        if (!schema) continue;
        const text = JSON.stringify(schema).replaceAll('"#/', '"contract#/');
        const validate = ajv.compile(JSON.parse(text));
        if (!validate(body)) faults.push(`${of}: ${ajv.errorsText(validate.errors)}`);
    }
    return faults;
}

function find(all, method, url) {
    const whole = `${method} ${url.pathname}${url.search}`;
    return all[whole] ?? all[`${method} ${url.pathname}`];
}

/** Answers the calls of a page from `all`; what a test puts into it later counts at once. A value
 * may be a function of the request. What nobody recorded is answered 404 and kept in `missing`. */
export async function answerFrom(page, all) {
    const missing = [];
    await page.route(/\/v1\//, async (route) => {
        const request = route.request();
        const url = new URL(request.url());
        if (url.pathname === '/v1/events' && !all['GET /v1/events']) {
            await route.fulfill({
                contentType: 'text/event-stream',
                body: 'id: 1\nevent: begin\ndata: {}\n\n',
            });
            return;
        }
        let found = find(all, request.method(), url);
        if (typeof found === 'function') found = await found(request, url);
        if (found === 'cut') {
            await route.abort('connectionreset');
            return;
        }
        if (!found) missing.push(`${request.method()} ${url.pathname}${url.search}`);
        const { status = 200, body, headers } = found ?? { status: 404, body: {} };
        const type = status >= 400 ? 'application/problem+json' : 'application/json';
        await route.fulfill({
            status,
            headers,
            contentType: type,
            body: status === 204 ? '' : JSON.stringify(body),
        });
    });
    return missing;
}

/** A refusal as the desk words it. */
export function refusal(status, code, more = {}) {
    return {
        status,
        body: {
            type: `urn:lienthong:reason:${code}`,
            title: `English ${code}`,
            title_vi: `Lý do ${code}`,
            status,
            code,
            ...more,
        },
    };
}
