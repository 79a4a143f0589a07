// Owns: how times, spans, numbers and sizes are written. Times are those of Viet Nam whatever the
// machine's zone is: an appointment at 17:00 is at 17:00 there.
import { language, t } from './texts.js';

const ZONE = 'Asia/Ho_Chi_Minh';
const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone: ZONE,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
});

function split(moment) {
    const found = {};
    for (const part of parts.formatToParts(moment)) found[part.type] = part.value;
    return found;
}

function momentOf(value) {
    if (value === undefined || value === null || value === '') return null;
    const moment = new Date(value);
    return Number.isNaN(moment.getTime()) ? null : moment;
}

/** dd/MM/yyyy of a time (RFC 3339, or milliseconds); a dash for none. */
export function date(value) {
    const moment = momentOf(value);
    if (!moment) return '–';
    const { day, month, year } = split(moment);
    return `${day}/${month}/${year}`;
}

/** dd/MM/yyyy HH:mm. */
export function dateTime(value) {
    const moment = momentOf(value);
    if (!moment) return '–';
    const { day, month, year, hour, minute } = split(moment);
    return `${day}/${month}/${year} ${hour}:${minute}`;
}

/** A deadline: its day, and a time only when it is none that stands for a whole day. Those are the
 * ends of a day and of working hours, 17:00; and 07:00, when they begin, and what becomes of
 * a bare date that another system wrote as midnight of UTC. */
export const deadline = (value) => dateTime(value).replace(/ (00:00|07:00|17:00)$/, '');

/** The fields of a body that say until when, and not when it happened. */
export const DEADLINES = new Set(['due_ms', 'due_before_ms', 'until_ms']);

/** A deadline as it is typed; one without a time is the end of working hours of its day, or what is
 * due on a day would be late all through it. NaN when it is no day that exists. */
export function parseDeadline(text) {
    return parseDateTime(/\d{4}\s*$/.test(text) ? `${text.trim()} 17:00` : text);
}

/** HH:mm:ss, for what happened within a day. */
export function time(value) {
    const moment = momentOf(value);
    if (!moment) return '–';
    const { hour, minute, second } = split(moment);
    return `${hour}:${minute}:${second}`;
}

/** dd/MM/yyyy as typed, with / . or -, and HH:mm behind it or not, as milliseconds; NaN when it is
 * no day that exists. */
export function parseDateTime(text) {
    const found = /^\s*(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})(?:\s+(\d{1,2}):(\d{2}))?\s*$/.exec(text);
    if (!found) return NaN;
    const [day, month, year, hour, minute] = found.slice(1).map((word) => Number(word ?? 0));
    if (hour > 23 || minute > 59) return NaN;
    const at_ms = Date.UTC(year, month - 1, day, hour - 7, minute);
    const back = split(new Date(at_ms));
    return Number(back.day) === day && Number(back.month) === month ? at_ms : NaN;
}

/** yyyy-MM-dd of dd/MM/yyyy as the API's filters take it; '' when it is none. */
export function isoDate(text) {
    const at_ms = parseDateTime(text);
    if (Number.isNaN(at_ms)) return '';
    const { day, month, year } = split(new Date(at_ms));
    return `${year}-${month}-${day}`;
}

const SPANS = [
    ['day', 86400],
    ['hour', 3600],
    ['minute', 60],
];

/** "3 days", "5 hours": a length of time in its largest unit, rounded down. */
export function span(seconds) {
    const length = Math.abs(seconds);
    for (const [unit, of] of SPANS) {
        if (length >= of) return t(`span.${unit}`, { n: number(Math.floor(length / of)) });
    }
    return t('span.moment');
}

/** How long ago a time was, or how long it still is until then. */
export function since(value, now_ms = Date.now()) {
    const moment = momentOf(value);
    return moment ? span((now_ms - moment.getTime()) / 1000) : '–';
}

export function ago(value, now_ms = Date.now()) {
    const moment = momentOf(value);
    if (!moment) return '–';
    const seconds = (now_ms - moment.getTime()) / 1000;
    if (Math.abs(seconds) < 60) return t('span.now');
    return t(seconds > 0 ? 'span.ago' : 'span.ahead', { span: span(seconds) });
}

/** 1.234 in Vietnamese, 1,234 in English. */
export function number(value) {
    return new Intl.NumberFormat(language() === 'vi' ? 'vi-VN' : 'en-GB').format(value);
}

/** 20,5 MB. Units of 1,000, as file managers of phones and Windows' own properties page differ. */
export function size(bytes) {
    const units = ['B', 'KB', 'MB', 'GB'];
    let value = bytes;
    let unit = 0;
    while (value >= 1000 && unit < units.length - 1) {
        value /= 1000;
        unit += 1;
    }
    const format = new Intl.NumberFormat(language() === 'vi' ? 'vi-VN' : 'en-GB', {
        maximumFractionDigits: unit === 0 || value >= 100 ? 0 : 1,
    });
    return `${format.format(value)} ${units[unit]}`;
}

/** Compares two texts as a Vietnamese dictionary orders them. */
export const collate = new Intl.Collator('vi').compare;

/** A text without diacritics, small, with d for its barred form: what a search compares. */
export function folded(text) {
    return text
        .normalize('NFD')
        .replace(/[\u0300-\u036f]/g, '')
        .replace(/[\u0110\u0111]/g, 'd')
        .toLowerCase();
}
