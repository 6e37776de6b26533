// How things are written for people: money in the account's currency, times as the phone's clock has them.
const day = new Intl.DateTimeFormat('en', { dateStyle: 'medium' });
const moment = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'short' });
const statusWords = { NEW: 'New', IN_PROGRESS: 'In progress', CLOSED: 'Closed' };

function money(amount, currency) {
  const digits = Number.isInteger(amount) ? 0 : 2;
  const options = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  try {
    return new Intl.NumberFormat('en', { ...options, ...(currency && { style: 'currency', currency }) }).format(amount);
  } catch {
    return new Intl.NumberFormat('en', options).format(amount); // not a currency that is known here
  }
}

// +380671234567 → +380 67 123 45 67; what is not known to us stays as it was written.
function grouped(phone) {
  const digits = phone.replace(/[^+\d]/g, '');
  const parts = /^(\+380)(\d\d)(\d{3})(\d\d)(\d\d)$/.exec(digits) ?? /^(\+7)(\d{3})(\d{3})(\d\d)(\d\d)$/.exec(digits) ?? /^(\+44)(\d{4})(\d{6})$/.exec(digits);
  return parts ? parts.slice(1).join('\u00a0') : phone;
}

const telephone = (phone) => make('a', { href: `tel:${phone.replace(/[^+\d]/g, '')}` }, grouped(phone));
const timeOf = (text, format = day) => make('time', { dateTime: text }, format.format(new Date(text)));
const chip = (status) => make('span', { className: `chip ${status}` }, statusWords[status] ?? status);
const nameOf = (lead) => lead.name ?? `Lead ${lead.amoLeadId}`;

// A text that leaves room for others.
function shortened(text, most = 60) {
  const letters = [...text];
  return letters.length > most ? `${letters.slice(0, most - 1).join('')}…` : text;
}

// What a field for a local time holds → RFC 3339; nothing if it is no time. Where there is no such field it is a text.
function withZone(local) {
  const date = new Date(local.trim().replace(' ', 'T'));
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString().replace('.000Z', 'Z');
}

// A time → what such a field holds.
function local(date) {
  const two = (number) => String(number).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}T${two(date.getHours())}:${two(date.getMinutes())}`;
}

// Ten o'clock tomorrow.
function tomorrow(now = new Date()) {
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1, 10);
}

// AMO CRM's word → one for people: incoming_call → Incoming call.
function words(code) {
  const text = code.replaceAll('_', ' ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}
