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

let user = currentUser();
let turn = 0; // what began in an earlier turn is not shown any more
let timer;
let account; // the number of the user's account, where one is known
let connectedAt; // while it is connected

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
    if (!data.connected || page === user.name) return;
    const came = await load(1);
    if (mine !== turn || (came && !data.problem)) return;
    const { data: since } = await call(user, 'GET', '/status'); // asking for leads may have changed it
    if (mine === turn) present(since, progress, note);
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
  if (!data.connected) forgetAccount();
  // Whoever disconnects, here or elsewhere, wants no more of it.
  if (data.state === 'not_connected') dropWrites(user);
  dispatchEvent(new Event('presented'));
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
  const dropped = dropWrites(mine) ? ' What was not saved yet is dropped.' : '';
  if (mine !== user) return;
  await start(`Disconnected: the service has deleted the tokens.${dropped}`);
  if (mine === user) $('connect').focus();
}));

$('again').addEventListener('click', () => start());

function switchUser(name) {
  localStorage.setItem('phone.user', name);
  user = currentUser();
  account = connectedAt = undefined;
  forgetAccount();
  leaveView();
  showUnsaved();
  show($('leads'), false);
  offer();
  tell('One moment…');
  start();
}
