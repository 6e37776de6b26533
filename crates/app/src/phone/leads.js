// The list of leads: what changed last is the first, a page at a time, filtered and searched at the service.
let page; // whose first page of leads stands in the list
let listed; // what it is made from
let asks = 0; // an answer to an earlier question is not shown any more
let isStale = false; // whether something was written since
const shownLeads = new Map(); // those in the list, by number

function wantedLeads(number) {
  const query = new URLSearchParams({ page: number, limit: 20 });
  const filter = document.querySelector('input[name=filter]:checked').value;
  if (filter === 'mine') query.set('responsibleUserId', 'me');
  else if (filter) query.set('status', filter);
  const text = $('query').value.trim();
  if (text) query.set('query', text);
  return `/leads?${query}`;
}

const isNarrowed = () => Boolean(document.querySelector('input[name=filter]:checked').value || $('query').value.trim());

// Says whether the leads came; nothing if something else was asked for meanwhile.
async function load(wanted) {
  const mine = ++asks;
  const asker = user;
  const isMore = wanted > 1;
  $('more').disabled = isMore;
  if (isMore || !$('list').children.length) put('leads-status', 'Loading…');
  try {
    const [{ data, hasMore }] = await Promise.all([call(asker, 'GET', wantedLeads(wanted)), learnProfile()]);
    if (mine !== asks) return undefined;
    page = asker.name;
    isStale = false;
    showLeads(data, hasMore, wanted);
    $('more').disabled = false;
    return true;
  } catch (refusal) {
    if (mine !== asks) return undefined;
    put('leads-status', refusal.message);
    show($('more'), true);
    $('more').disabled = false;
    return false;
  }
}

function showLeads(found, hasMore, number) {
  const isMore = number > 1;
  // A lead that moved between two pages comes twice.
  const leads = isMore ? found.filter(({ amoLeadId }) => !shownLeads.has(amoLeadId)) : found;
  const made = JSON.stringify([leads, me.currency]);
  const isSame = !isMore && listed === made && $('list').children.length === leads.length;
  const items = isSame ? [] : leads.map(leadItem); // what somebody reads is not made anew under their eyes
  if (!isMore) listed = made;
  if (!isMore && !isSame) shownLeads.clear();
  for (const lead of leads) shownLeads.set(lead.amoLeadId, lead);
  if (isMore) $('list').append(...items);
  else if (!isSame) replaceItems($('list'), items, $('leads-title'));
  $('more').dataset.next = number + 1;
  show($('more'), hasMore);
  put('leads-status', leadCount($('list').children.length, hasMore));
  if (isMore) items[0]?.querySelector('a').focus({ preventScroll: true });
}

function leadCount(shown, hasMore) {
  if (shown) return `${shown} shown${hasMore ? '' : ', that is all of them'}.`;
  if (hasMore) return 'None on this page. There may be more.';
  return isNarrowed() ? 'No lead matches.' : 'There are no leads yet.';
}

// Puts others in the place of a list's items. Whoever was at one of its links stays there, or goes to its heading.
function replaceItems(list, items, heading) {
  const left = list.contains(document.activeElement) && document.activeElement;
  list.replaceChildren(...items);
  if (!left) return;
  const href = left.getAttribute('href');
  const again = href && [...list.querySelectorAll('a')].find((link) => link.getAttribute('href') === href);
  (again || heading).focus({ preventScroll: true });
}

function leadItem(lead) {
  const address = `#/lead/${lead.amoLeadId}`;
  const person = [lead.guestName, lead.guestPhone && telephone(lead.guestPhone)].filter(Boolean);
  const stage = lead.statusName ? ` · ${lead.statusName}` : '';
  const item = make('li', { className: 'lead' },
    make('div', { className: 'row' }, make('h3', {}, make('a', { href: address }, nameOf(lead))), chip(lead.status)),
    person.length ? make('p', {}, ...person.flatMap((part, place) => (place ? [' · ', part] : [part]))) : null,
    make('p', { className: 'row' },
      make('span', {}, make('strong', {}, lead.price ? money(lead.price, me.currency) : 'No price'), stage),
      lead.updatedAt ? timeOf(lead.updatedAt) : null));
  // For a finger or a mouse the whole of it leads there, unless a text is being selected.
  item.addEventListener('click', (event) => {
    if (!event.target.closest('a') && !getSelection().toString()) location.hash = address;
  });
  return item;
}

function forgetLeads() {
  asks += 1;
  page = undefined;
  emptyList();
  put('leads-status', '');
  $('find').reset();
}

function emptyList() {
  listed = undefined;
  shownLeads.clear();
  $('list').replaceChildren();
  $('more').dataset.next = 1;
  show($('more'), false);
}

// If it does not come, the status may say why.
async function refreshLeads() {
  put('leads-status', 'Loading…');
  if ((await load(1)) === false) start();
}

let typing; // the timer of a search that is being written

function search() {
  clearTimeout(typing);
  emptyList();
  return refreshLeads();
}

$('refresh').addEventListener('click', () => {
  learnAnew();
  refreshLeads();
});
$('more').addEventListener('click', async () => (await load(Number($('more').dataset.next))) === false && start());
$('find').addEventListener('submit', (event) => {
  event.preventDefault();
  search();
});
$('find').addEventListener('change', ({ target }) => target.name === 'filter' && search());
$('query').addEventListener('input', () => {
  clearTimeout(typing);
  typing = setTimeout(search, 500);
});
addEventListener('write', ({ detail: { state } }) => { isStale ||= state === 'saved'; });
