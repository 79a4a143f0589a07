// Owns: a person's own account: who he is here, his password, his second code with its recovery
// codes.
import { call, post } from './api.js';
import { fill, h } from './dom.js';
import { errorSummary, field, textInput, workButton } from './field.js';
import { problemNotice, remark } from './notice.js';
import { announce, head } from './shell.js';
import { said, t } from './texts.js';

const PASSWORD_MIN = 10;

export const title = () => t('nav.account');

function facts(me) {
    const pairs = [
        [t('account.name'), me.name],
        [t('account.full_name'), me.full_name],
        [t('account.role'), said(me, 'role')],
        [t('account.content'), t(me.sees_content ? 'yes' : 'no')],
        [t('account.version'), me.version],
    ];
    return h(
        'section',
        { class: 'card' },
        h('h2', {}, t('account.who')),
        h(
            'dl',
            { class: 'facts card-body' },
            pairs.map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))),
        ),
    );
}

function secret(label, autocomplete, help) {
    return field({
        label,
        help,
        control: textInput({ type: 'password', autocomplete, maxlength: 256 }),
    });
}

/** Puts a refusal beside the field that it is about, else above the form. */
function showRefusal(problem, at, place) {
    if (at) at.fail(problem.title());
    else fill(place, problemNotice(problem));
}

/** A form of fields with one button; `faults()` lists what is wrong before `work` is done. */
function smallForm({ parts, faults, work, button, refusedAt }) {
    const summary = errorSummary();
    const answer = h('div', {});
    const go = workButton(button, async () => {
        parts.forEach((part) => part.clear());
        fill(answer);
        const found = faults();
        summary.show(found);
        if (found.length > 0) return;
        try {
            await work(answer);
        } catch (problem) {
            showRefusal(problem, refusedAt?.(problem), answer);
        }
    });
    const submit = (event) => {
        event.preventDefault();
        go.work();
    };
    return h(
        'form',
        { class: 'small-form', novalidate: true, on: { submit } },
        summary.element,
        answer,
        parts.map((part) => part.element),
        h('div', { class: 'buttons' }, go),
    );
}

function passwordCard(me, onChanged) {
    const old = secret(t('account.old'), 'current-password');
    const wanted = secret(
        t('account.new'),
        'new-password',
        t('account.new.help', { n: PASSWORD_MIN }),
    );
    const faults = () =>
        [
            old.control.value === '' && [old, t('account.old.missing')],
            [...wanted.control.value].length < PASSWORD_MIN && [
                wanted,
                t('account.new.short', { n: PASSWORD_MIN }),
            ],
        ].filter(Boolean);
    const work = async () => {
        await post('/v1/password', { old: old.control.value, new: wanted.control.value });
        old.control.value = '';
        wanted.control.value = '';
        announce(t('account.changed'));
        onChanged();
    };
    return h(
        'section',
        { class: 'card' },
        h('h2', {}, t('account.password')),
        h(
            'div',
            { class: 'card-body' },
            me.must_change_password && remark('warn', h('p', {}, t('account.must'))),
            smallForm({
                parts: [old, wanted],
                faults,
                work,
                button: t('account.change'),
                refusedAt: (problem) => ({ old, new: wanted })[problem.field],
            }),
        ),
    );
}

function recoveryCodes(codes) {
    return remark(
        'good',
        h('p', {}, h('strong', {}, t('totp.on'))),
        h('p', {}, t('totp.recovery')),
        h(
            'ul',
            { class: 'recovery' },
            codes.map((code) => h('li', { class: 'code' }, code)),
        ),
    );
}

function totpConfirm(place, begun, onChanged) {
    const code = field({
        label: t('totp.code'),
        help: t('totp.code.help'),
        control: textInput({ autocomplete: 'one-time-code', inputmode: 'numeric', maxlength: 8 }),
    });
    const work = async () => {
        const answer = await post('/v1/totp/confirm', {
            code: code.control.value.replace(/\s/g, ''),
        });
        fill(place, recoveryCodes(answer.recovery_codes));
        onChanged(true);
    };
    fill(
        place,
        h('p', {}, t('totp.scan')),
        h('p', { class: 'code secret' }, begun.secret),
        h('p', {}, h('a', { href: begun.uri }, t('totp.open'))),
        smallForm({
            parts: [code],
            work,
            button: t('totp.confirm'),
            refusedAt: () => code,
            faults: () =>
                code.control.value.trim() === '' ? [[code, t('totp.code.missing')]] : [],
        }),
    );
    code.control.focus();
}

function totpCard(me, onChanged) {
    const place = h('div', { class: 'card-body' });
    const draw = (hasTotp) => {
        const password = secret(t('signin.password'), 'current-password');
        const work = async () => {
            const json = { password: password.control.value };
            if (!hasTotp) return totpConfirm(place, await post('/v1/totp', json), onChanged);
            await call('DELETE', '/v1/totp', { json });
            announce(t('totp.off'));
            onChanged(false);
            return draw(false);
        };
        fill(
            place,
            h('p', {}, t(hasTotp ? 'totp.has' : 'totp.why')),
            smallForm({
                parts: [password],
                work,
                button: t(hasTotp ? 'totp.end' : 'totp.begin'),
                refusedAt: () => password,
                faults: () =>
                    password.control.value === '' ? [[password, t('signin.password.missing')]] : [],
            }),
        );
    };
    draw(me.has_totp);
    return h('section', { class: 'card' }, h('h2', {}, t('totp.title')), place);
}

export function show({ main, me, changed }) {
    const passwordChanged = () => changed({ ...me, must_change_password: false });
    main.replaceChildren(
        head(t('nav.account'), { under: me.full_name }),
        h(
            'div',
            { class: 'stack' },
            facts(me),
            passwordCard(me, passwordChanged),
            totpCard(me, (has_totp) => changed({ ...me, has_totp })),
        ),
    );
}
