// Owns: signing in: name, password, and the second code when the account has one. Password managers
// and pasting work in all three fields.
import { post } from './api.js';
import { add, fill, h } from './dom.js';
import { errorSummary, field, textInput, workButton } from './field.js';
import { problemNotice, remark } from './notice.js';
import { t } from './texts.js';

function fields() {
    return {
        name: field({
            label: t('signin.name'),
            name: 'username',
            control: textInput({
                autocomplete: 'username',
                maxlength: 64,
                autocapitalize: 'none',
                spellcheck: 'false',
            }),
        }),
        password: field({
            label: t('signin.password'),
            name: 'password',
            control: textInput({
                type: 'password',
                autocomplete: 'current-password',
                maxlength: 256,
            }),
        }),
        code: field({
            label: t('signin.code'),
            help: t('signin.code.help'),
            name: 'code',
            control: textInput({
                autocomplete: 'one-time-code',
                maxlength: 32,
                autocapitalize: 'none',
                spellcheck: 'false',
            }),
        }),
    };
}

function why(reason) {
    if (reason === 'over') return remark('info', h('p', {}, t('signin.over')));
    if (reason === 'left') return remark('good', h('p', {}, t('signin.left')));
    return reason ? problemNotice(reason) : null;
}

/** What is wrong before anything is asked. */
function faultsOf(parts, withCode) {
    const needed = withCode ? ['name', 'password', 'code'] : ['name', 'password'];
    return needed
        .filter((part) => parts[part].control.value.trim() === '')
        .map((part) => [parts[part], t(`signin.${part}.missing`)]);
}

export function showSignIn({ main, reason, onSignedIn }) {
    const parts = fields();
    const summary = errorSummary();
    const answer = h('div', {}, why(reason));
    parts.code.element.hidden = true;

    const refused = (problem) => {
        if (problem.code === 'code_needed') {
            parts.code.element.hidden = false;
            fill(answer, remark('info', h('p', {}, t('signin.code.needed'))));
            parts.code.control.focus();
            return;
        }
        fill(answer, problemNotice(problem));
        parts.password.control.select();
        parts.password.control.focus();
    };
    const signIn = async () => {
        Object.values(parts).forEach((part) => part.clear());
        fill(answer);
        const withCode = !parts.code.element.hidden;
        const faults = faultsOf(parts, withCode);
        summary.show(faults);
        if (faults.length > 0) return;
        const said = {
            name: parts.name.control.value.trim(),
            password: parts.password.control.value,
        };
        if (withCode) said.code = parts.code.control.value.replace(/\s/g, '');
        try {
            await onSignedIn(await post('/v1/sign-in', said));
        } catch (problem) {
            refused(problem);
        }
    };
    const button = workButton(t('signin.button'), signIn);
    const submit = (event) => {
        event.preventDefault();
        button.work();
    };
    const form = h(
        'form',
        { class: 'signin-form', novalidate: true, on: { submit } },
        summary.element,
        answer,
        parts.name.element,
        parts.password.element,
        parts.code.element,
        button,
    );
    fill(
        main,
        h(
            'div',
            { class: 'signin' },
            add(
                h('div', { class: 'signin-card' }),
                h('h1', { tabindex: '-1' }, t('signin.title')),
                h('p', { class: 'muted' }, t('signin.under')),
                form,
                h('p', { class: 'muted small' }, t('signin.help')),
            ),
        ),
    );
    parts.name.control.focus();
}
