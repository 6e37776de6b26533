const sentences = {
  access_denied: 'You declined at AMO CRM. Nothing has changed.',
  authorization_failed: 'AMO CRM could not complete the authorization. Please connect again.',
  missing_code: 'AMO CRM sent nothing to connect with. Please connect again.',
  state_expired: 'The link was used already or is too old. Please connect again.',
  invalid_account_host: 'The account’s address is not one of AMO CRM’s. Please connect again.',
  invalid_code: 'AMO CRM did not accept the authorization. Please connect again.',
  crm_unavailable: 'AMO CRM did not answer. Go back to the browser page and reload it in a moment.',
  storage_unavailable: 'The service could not save. Go back to the browser page and reload it in a moment.',
  try_again: 'Too many requests came at once. Go back to the browser page and reload it in a moment.',
};

const user = currentUser();
const link = new URLSearchParams(location.search);
const [code, state, error, referer] = ['code', 'state', 'error', 'referer'].map((name) => link.get(name));

function tell(heading, sentence) {
  $('outcome').textContent = heading;
  $('sentence').textContent = sentence;
}

function shortened(value) {
  return value.length > 64 ? `${value.slice(0, 40)}… (${value.length} characters)` : value;
}

function list() {
  const entries = [...link].flatMap(([name, value]) => [make('dt', {}, name), make('dd', {}, shortened(value))]);
  $('parameters').append(...entries);
  show($('brought'), entries.length > 0);
}

async function claim() {
  show($('again'), false);
  tell('Back in the app', `Bringing the code to the service, as ${user.name}…`);
  try {
    const { data } = await call(user, 'POST', '/exchange-code', { code, state, ...(referer && { referer }) });
    tell('✓ Connected', `AMO CRM is connected: ${data.domain}.`);
    $('home').textContent = 'Go to my leads';
    $('home').classList.remove('quiet');
  } catch (refusal) {
    const mendable = refusal.status === 0 || refusal.status >= 500 || refusal.status === 429;
    tell(mendable ? 'Not connected yet' : 'Not connected', refusal.message);
    show($('again'), mendable);
  }
}

// An app answers only links that it has asked for: anybody can open one.
function receive() {
  const ours = state !== null && state === attempts.of(user)?.state;
  if (!code && !error) return tell('Back in the app', 'The link opened the app and brought nothing to do.');
  if (!ours) return tell('Not for this app', `${user.name} is not waiting for this answer. Nothing was sent.`);
  // Nothing was recorded of the code: the app can bring it all the same.
  if (error && !(error === 'try_again' && code)) return tell('Not connected', sentences[error] ?? 'The authorization did not succeed. Please connect again.');
  return claim();
}

$('again').addEventListener('click', claim);
list();
receive();
