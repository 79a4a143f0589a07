// Owns: the people who may sign in: who, as what, since when; adding one, changing a role, locking,
// and giving a new password, which is shown once.
import { get, isLeft, post, put } from './api.js';
import { ask } from './ask.js';
import { h } from './dom.js';
import { field, select, textInput } from './field.js';
import { ago, dateTime } from './format.js';
import { mark } from './marks.js';
import { problemNotice, remark, waiting } from './notice.js';
import { announce, head } from './shell.js';
import { copyButton, redraw, table } from './table.js';
import { said, t } from './texts.js';

const ROLES = ['clerk', 'agency_clerk', 'supervisor', 'operator', 'auditor'];

export const title = () => t('nav.people');

function roleField(value) {
    return field({
        label: t('account.role'),
        control: select(
            ROLES.map((role) => [role, t(`role.${role}`)]),
            { value },
        ),
    });
}

function checkField(label, checked) {
    return field({ label, isNeeded: false, control: h('input', { type: 'checkbox', checked }) });
}

function secretOnce(person) {
    return (
        person.password &&
        remark(
            'good',
            h('p', {}, t('people.password', { name: person.full_name })),
            h(
                'p',
                {},
                h('span', { class: 'code secret' }, person.password),
                copyButton(person.password),
            ),
            h('p', {}, t('people.once')),
        )
    );
}

function addPerson(onDone) {
    const parts = {
        name: field({
            label: t('account.name'),
            help: t('people.name.help'),
            control: textInput({ maxlength: 64, autocapitalize: 'none' }),
        }),
        full_name: field({ label: t('account.full_name'), control: textInput({ maxlength: 100 }) }),
        role: roleField('clerk'),
        sees_content: checkField(t('account.content'), true),
    };
    const faults = (values) =>
        ['name', 'full_name']
            .filter((part) => values[part] === '')
            .map((part) => [parts[part], t('field.missing')]);
    return ask({
        title: t('people.add'),
        parts,
        faults,
        yes: t('people.add'),
        work: async (values) => onDone(await post('/v1/people', values)),
    });
}

function changePerson(person, onDone) {
    const parts = {
        full_name: field({
            label: t('account.full_name'),
            control: textInput({ maxlength: 100, value: person.full_name }),
        }),
        role: roleField(person.role),
        sees_content: checkField(t('account.content'), person.sees_content),
        locked: checkField(t('people.lock'), person.locked),
        reset_password: checkField(t('people.reset_password'), false),
        ...(person.has_totp && { reset_totp: checkField(t('people.reset_totp'), false) }),
    };
    const faults = (values) =>
        values.full_name === '' ? [[parts.full_name, t('field.missing')]] : [];
    return ask({
        title: person.name,
        about: h('p', {}, t('people.ends')),
        parts,
        faults,
        yes: t('save'),
        work: async (values) =>
            onDone(await put(`/v1/people/${encodeURIComponent(person.name)}`, values)),
    });
}

function columns(change) {
    return [
        {
            label: t('account.full_name'),
            isTitle: true,
            cell: (person) => [person.full_name, h('span', { class: 'under code' }, person.name)],
        },
        { label: t('account.role'), cell: (person) => said(person, 'role') },
        { label: t('account.content'), cell: (person) => t(person.sees_content ? 'yes' : 'no') },
        { label: t('totp.column'), cell: (person) => t(person.has_totp ? 'yes' : 'no') },
        {
            label: t('dossiers.state'),
            cell: (person) =>
                person.locked
                    ? mark('bad', 'stop', t('people.locked'))
                    : mark('good', 'done', t('people.open')),
        },
        {
            label: t('people.last'),
            cell: ({ last_sign_in: at }) =>
                at && h('time', { datetime: at, title: dateTime(at) }, ago(at)),
        },
        { label: t('people.sessions'), kind: 'number', cell: (person) => person.sessions },
        {
            label: t('change'),
            isLabelUnseen: true,
            cell: (person) =>
                h(
                    'button',
                    {
                        type: 'button',
                        class: 'button',
                        'data-key': person.name,
                        'aria-label': t('people.change', { name: person.full_name }),
                        on: { click: () => change(person) },
                    },
                    t('change'),
                ),
        },
    ];
}

export async function show({ main, signal }) {
    const place = h('div', {}, waiting());
    const once = h('div', { class: 'changed-secret' });
    const load = async () => {
        try {
            const { people } = await get('/v1/people?limit=200', { signal });
            redraw(
                place,
                h(
                    'div',
                    { class: 'card' },
                    h(
                        'div',
                        { class: 'table-wrap' },
                        table({
                            caption: t('nav.people'),
                            columns: columns((person) => changePerson(person, done)),
                            rows: people,
                        }),
                    ),
                ),
            );
        } catch (error) {
            if (!isLeft(error)) redraw(place, problemNotice(error, { retry: load }));
        }
    };
    const done = (person) => {
        redraw(once, secretOnce(person));
        announce(t('people.saved', { name: person.full_name }));
        load();
    };
    const button = h(
        'button',
        { type: 'button', class: 'button is-primary', on: { click: () => addPerson(done) } },
        t('people.add'),
    );
    main.replaceChildren(head(t('nav.people'), { actions: [button] }), once, place);
    await load();
}
