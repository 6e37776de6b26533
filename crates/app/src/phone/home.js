const standings = {
  not_connected: () => 'Not connected.',
  awaiting_claim: () => 'Almost connected: the app still has to bring the code back.',
  connected: ({ domain }) => `Connected to ${domain}.`,
  needs_reauth: ({ domain }) => `The connection to ${domain} has ended. Connect again to see your leads.`,
  revoked: ({ domain }) => `AMO CRM was switched off for ${domain} by an administrator.`,
};

const problems = {
  provider_blocked: 'AMO CRM is turning our calls away at the moment.',
  provider_down: 'AMO CRM is not answering at the moment.',
  rate_limited: 'AMO CRM wants us to slow down.',
  misconfigured: 'The integration is set up wrongly.',
  account_refused: 'AMO CRM does not let this account be read.',
  payment_required: 'The AMO CRM subscription has run out.',
};

const endings = {
  denied: 'You declined at AMO CRM.',
  expired: 'You took too long at AMO CRM. Please connect again.',
  invalid_code: 'AMO CRM did not accept the authorization. Please connect again.',
  invalid_account_host: 'The account’s address is not one of AMO CRM’s. Please connect again.',
  claim_timeout: 'The app did not come back in time. Please connect again.',
  failed: 'The authorization did not succeed. Please connect again.',
};

const day = new Intl.DateTimeFormat('en', { dateStyle: 'medium' });
const money = new Intl.NumberFormat('en', { maximumFractionDigits: 2 });
const words = { NEW: 'New', IN_PROGRESS: 'In progress', CLOSED: 'Closed' };

let user = currentUser();
let turn = 0; // what began in an earlier turn is not shown any more
let timer;
let page;
let listed; // what the first page of leads is made from, as it stands in the list
let account; // the number of the user's account, where one is known
let connectedAt; // while it is connected
const stages = new Map(); // names of stages, by pipeline and stage

function put(id, text) {
  if ($(id).textContent !== text) $(id).textContent = text; // a live region speaks at every change
}

function tell(standing, facts = '', note = '') {
  put('standing', standing);
  put('facts', facts);
  put('note', note);
}

function offer(...ids) {
  for (const id of ['connect', 'continue', 'again', 'disconnect']) show($(id), ids.includes(id));
}

async function start(note = '') {
  const mine = ++turn;
  clearTimeout(timer);
  try {
    const progress = await lookAfterAttempt();
    const { data } = await call(user, 'GET', '/status');
    if (mine !== turn) return;
    present(data, progress, note);
    if (progress?.open) timer = setTimeout(() => document.hidden || start(), progress.again);
    if (data.connected && page !== user.name && (!(await load(1, mine)) || data.problem)) {
      const { data: since } = await call(user, 'GET', '/status'); // asking for leads may have changed it
      if (mine === turn) present(since, progress, note);
    }
  } catch (refusal) {
    if (mine !== turn) return;
    tell('The app could not ask.', '', refusal.message);
    offer('again');
  }
}

// The app was killed while the browser was in front, or its user came back without the button.
async function lookAfterAttempt() {
  const attempt = attempts.of(user);
  if (!attempt) return null;
  const asked = user;
  try {
    const { data, retryAfter } = await call(asked, 'GET', `/authorize/${attempt.attemptId}`);
    const { state, reason } = data;
    if (!['connected', 'denied', 'expired', 'failed'].includes(state)) {
      return { open: true, again: 1000 * (retryAfter ?? 2), ...waiting(state, reason, attempt.url) };
    }
    attempts.forget(asked);
    if (state === 'connected' && asked === user) page = undefined; // perhaps another account's leads
    return { note: endings[reason] ?? endings[state] };
  } catch (refusal) {
    if (refusal.status === 404) attempts.forget(asked);
    return null;
  }
}

function waiting(state, reason, url) {
  if (state === 'awaiting_claim') return { note: 'Almost there: go back to the browser and tap “Return to App”.' };
  if (state === 'exchanging') return { note: 'AMO CRM is answering…' };
  if (reason) return { note: 'That did not work yet. Reload the page in the browser to try again.' };
  return { note: 'You have not finished at AMO CRM yet.', url };
}

function present(data, progress, note) {
  account = data.accountId;
  connectedAt = data.connected ? data.connectedAt : undefined;
  const facts = [data.accountId && `Account ${data.accountId}`, data.connectedAt && `since ${day.format(new Date(data.connectedAt))}`];
  const sentence = (standings[data.state] ?? standings.not_connected)(data);
  tell(sentence, data.connected ? facts.filter(Boolean).join(' · ') : '', note || progress?.note || problems[data.problem?.code] || '');
  put('connect', data.domain ? 'Connect again' : 'Connect AMO CRM');
  offer(data.connected ? 'disconnect' : 'connect', progress?.url && 'continue');
  if (progress?.url) $('continue').href = progress.url;
  show($('leads'), data.connected);
  if (!data.connected) forgetLeads();
  dispatchEvent(new Event('presented'));
}

// Says whether the leads came.
async function load(wanted, mine = turn) {
  let came = false;
  const isMore = wanted > 1;
  if (isMore) $('more').disabled = true;
  if (isMore || !$('list').children.length) put('leads-status', 'Loading…');
  try {
    const { data, hasMore } = await call(user, 'GET', `/leads?page=${wanted}&limit=20`);
    if (mine !== turn) return false;
    await learnStages(data);
    if (mine !== turn) return false;
    page = user.name;
    const same = !isMore && listed === JSON.stringify(data) && $('list').children.length === data.length;
    if (!isMore) listed = JSON.stringify(data);
    if (!isMore && !same) $('list').replaceChildren();
    const items = same ? [] : data.map(item); // what somebody reads is not made anew under their eyes
    $('list').append(...items);
    $('more').dataset.next = wanted + 1;
    show($('more'), hasMore);
    const shown = $('list').children.length;
    put('leads-status', shown ? `${shown} shown${hasMore ? '' : ', that is all of them'}.` : 'There are no leads yet.');
    if (isMore) items[0]?.focus({ preventScroll: true });
    came = true;
  } catch (refusal) {
    if (mine !== turn) return false;
    put('leads-status', refusal.message);
    show($('more'), true);
  }
  $('more').disabled = false;
  return came;
}

const stageOf = ({ pipelineId, stageId }) => `${pipelineId} ${stageId}`;

// Asks for the pipelines where a stage has no name yet.
async function learnStages(leads) {
  if (leads.every((lead) => stages.has(stageOf(lead)))) return;
  try {
    const { data } = await call(user, 'GET', '/pipelines');
    for (const { id: pipelineId, stages: own } of data) {
      for (const { id: stageId, name } of own) stages.set(stageOf({ pipelineId, stageId }), name);
    }
    for (const lead of leads) stages.set(stageOf(lead), stages.get(stageOf(lead))); // nor is it asked for again
  } catch {
    // A lead without its stage is better than none.
  }
}

function item(lead) {
  const telephone = lead.guestPhone && make('a', { href: `tel:${lead.guestPhone.replace(/[^+\d]/g, '')}` }, grouped(lead.guestPhone));
  const person = [lead.guestName, telephone].filter(Boolean).flatMap((part, place) => (place ? [' · ', part] : [part]));
  const stage = [stages.get(stageOf(lead))].filter(Boolean).map((name) => ` · ${name}`);
  return make('li', { tabIndex: -1 },
    make('div', { className: 'row' },
      make('h3', {}, lead.name ?? `Lead ${lead.amoLeadId}`),
      make('span', { className: `chip ${lead.status}` }, words[lead.status] ?? lead.status)),
    person.length ? make('p', {}, ...person) : null,
    make('p', { className: 'row' },
      make('span', {}, make('strong', {}, lead.price ? money.format(lead.price) : 'No price'), ...stage),
      lead.updatedAt ? make('time', { dateTime: lead.updatedAt }, day.format(new Date(lead.updatedAt))) : null));
}

// +380671234567 → +380 67 123 45 67; what is not known to us stays as it was written.
function grouped(phone) {
  const digits = phone.replace(/[^+\d]/g, '');
  const parts = /^(\+380)(\d\d)(\d{3})(\d\d)(\d\d)$/.exec(digits) ?? /^(\+7)(\d{3})(\d{3})(\d\d)(\d\d)$/.exec(digits) ?? /^(\+44)(\d{4})(\d{6})$/.exec(digits);
  return parts ? parts.slice(1).join('\u00a0') : phone;
}

function forgetLeads() {
  page = undefined;
  listed = undefined;
  $('list').replaceChildren();
  put('leads-status', '');
  show($('more'), false);
}

// Does `work` for the user who is logged in now; what it says is not shown to the next one.
async function doing(button, work) {
  const mine = user;
  button.disabled = true;
  try {
    await work(mine);
  } catch (refusal) {
    if (mine === user) put('note', refusal.message);
  }
  button.disabled = false;
}

$('connect').addEventListener('click', () => doing($('connect'), async (mine) => {
  const { data } = await call(mine, 'POST', '/authorize');
  attempts.remember(mine, { attemptId: data.attemptId, state: data.state, url: data.authorizationUrl });
  if (mine === user) location.assign(data.authorizationUrl);
}));

$('disconnect').addEventListener('click', () => doing($('disconnect'), async (mine) => {
  await call(mine, 'POST', '/disconnect');
  attempts.forget(mine);
  if (mine !== user) return;
  await start('Disconnected: the service has deleted the tokens.');
  if (mine === user) $('connect').focus();
}));

$('again').addEventListener('click', () => start());
$('more').addEventListener('click', async () => (await load(Number($('more').dataset.next ?? 1))) || start());

for (const radio of document.getElementsByName('user')) {
  radio.checked = radio.value === user.name;
  radio.addEventListener('change', () => {
    localStorage.setItem('phone.user', radio.value);
    user = currentUser();
    account = connectedAt = undefined;
    forgetLeads();
    show($('leads'), false);
    offer();
    tell('One moment…');
    start();
  });
}

document.addEventListener('visibilitychange', () => document.hidden || start());
addEventListener('pageshow', (event) => event.persisted && start());
start();
