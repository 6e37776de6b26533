// Which view is shown. The address after `#` says it, so that Back, Forward and a reload work by themselves:
// `#/lead/7`, `#/new`, `#/tasks`, `#/unsaved`; anything else is the list of leads.
const views = {
  leads: { heading: 'leads-title', open: () => connectedAt && isStale && load(1) },
  lead: { heading: 'lead-name', open: (number) => openLead(number), renew: () => readLead(), leave: () => leaveLead() },
  new: { heading: 'new-title', open: () => openNewLead(), leave: () => $('new-form').dataset.key && leaveForm($('new-form')) },
  tasks: { heading: 'task-list-title', open: () => readTasks(), renew: () => readTasks() },
  unsaved: { heading: 'unsaved-title', open: () => showUnsaved() },
};

const main = document.querySelector('main');
const title = document.title;

let view = { name: 'leads' }; // the one that is shown, with the number of its lead
let listTop = 0; // how far the list was scrolled when it was left

history.scrollRestoration = 'manual';

// Without a connection there is only the way to one, and what waits for it.
function wantedView() {
  const [, name, number] = /^#\/(?:(new|tasks|unsaved)|lead\/(\d+))$/.exec(location.hash) ?? [];
  if (name === 'unsaved' || (name && connectedAt)) return { name };
  return number && connectedAt ? { name: 'lead', number: Number(number) } : { name: 'leads' };
}

// `isMoved` if the user went there, and the focus has to go with them.
function route(isMoved) {
  const left = view;
  const wanted = wantedView();
  if (wanted.name === left.name && wanted.number === left.number) return;
  const isLost = $(`view-${left.name}`).contains(document.activeElement);
  if (left.name === 'leads') listTop = scrolled();
  views[left.name].leave?.();
  view = wanted;
  for (const name of Object.keys(views)) show($(`view-${name}`), name === wanted.name);
  views[wanted.name].open(wanted.number);
  nameView();
  scrollPhone(wanted.name === 'leads' ? listTop : 0);
  if (isMoved || isLost) whereFrom(left).focus({ preventScroll: true });
}

function nameView() {
  document.title = view.name === 'leads' ? title : `${heading().textContent} · ${title}`;
}

function heading() {
  return view.name === 'leads' && $('leads').hidden ? $('crm') : $(views[view.name].heading);
}

// Whoever comes back to the list is at the lead that they were at.
function whereFrom(left) {
  const link = view.name === 'leads' && left.number && document.querySelector(`#list a[href="#/lead/${left.number}"]`);
  return link || heading();
}

// What the view shows, as it is now.
function renewView() {
  views[view.name].renew?.();
}

// To the list, because somebody else has the phone now.
function leaveView() {
  if (location.hash) history.replaceState(null, '', location.pathname);
  route(false);
}

// Beside the drawer the phone scrolls, else the page does.
const scroller = () => (getComputedStyle(main).overflowY === 'auto' ? main : document.scrollingElement);
const scrolled = () => scroller().scrollTop;
const scrollPhone = (top) => scroller().scrollTo(0, top);

addEventListener('hashchange', () => {
  if (!location.hash || location.hash.startsWith('#/')) route(true);
});
addEventListener('presented', () => route(false));
