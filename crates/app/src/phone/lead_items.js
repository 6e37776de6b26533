// The parts of a lead, an item each.
const filledWith = new Map(); // what each list is made from

// `parts` is null where AMO CRM did not give them. What somebody reads is not made anew under their eyes.
function fill(id, parts, item, none) {
  const made = JSON.stringify([parts, pipelines.length, people.size]);
  if (filledWith.get(id) === made) return;
  filledWith.set(id, made);
  const missing = 'AMO CRM did not give this. Refresh asks again.';
  const items = parts?.length ? parts.map(item) : [make('li', { className: 'none' }, parts ? none : missing)];
  replaceItems($(id), items, $(`${id}-title`));
}

function empty(id) {
  filledWith.delete(id);
  $(id).replaceChildren();
}

function contactItem({ name, isMain, phones, emails }) {
  const kind = (reached) => (reached.kind ? [' ', make('small', {}, words(reached.kind.toLowerCase()))] : []);
  return make('li', {},
    make('p', {}, make('strong', {}, name ?? 'Without a name'), isMain ? ' · main contact' : ''),
    ...phones.map((phone) => make('p', {}, telephone(phone.value), ...kind(phone))),
    ...emails.map((email) => make('p', {}, make('a', { href: `mailto:${encodeURI(email.value)}`, className: 'mail' }, email.value), ...kind(email))));
}

const noteTypes = { common: 'Note', call_in: 'Incoming call', call_out: 'Outgoing call', sms_in: 'Incoming SMS', sms_out: 'Outgoing SMS', attachment: 'File' };

function noteItem({ type, text, createdBy, createdAt }) {
  const heading = [noteTypes[type] ?? (type ? words(type) : 'Note'), personName(createdBy)].filter(Boolean).join(' · ');
  return make('li', {},
    make('p', { className: 'row' }, make('span', {}, heading), createdAt ? timeOf(createdAt, moment) : null),
    text ? make('p', { className: 'said' }, text) : null);
}

function eventItem(event) {
  const who = personName(event.createdBy);
  return make('li', { className: 'row' },
    make('span', {}, [eventSentence(event), who].filter(Boolean).join(' · ')),
    event.createdAt ? timeOf(event.createdAt, moment) : null);
}

// A value can be a flag, or an object with numbers of its own.
function fieldText({ value }) {
  if (typeof value === 'boolean') return value ? 'Yes' : 'No';
  if (value === null) return '–';
  return typeof value === 'object' ? Object.values(value).filter((part) => typeof part === 'string').join(' ') : String(value);
}

function fieldItem({ name, code, values }) {
  return make('li', {}, make('strong', {}, name ?? code ?? 'Field'), make('p', {}, values.map(fieldText).join(', ')));
}
