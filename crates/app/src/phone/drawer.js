// How long until the service is asked again, in seconds, as long as its answers change or may mend:
// what became of a lost answer is found out within a few seconds, and a ban is probed after 10.
const PAUSES = [1, 2, 3, 4, 5, 6, 8, 10, 12];

const seen = new Map(); // what the service answered this user since the last look, in the order of the questions
let looked = 0; // when the last look began
let looks = 0; // what an earlier look finds out is not told any more
let next; // the timer of the next look
let further = ''; // what the phone is about to ask
let mood = 0;
let clicks = 0; // those on their way
let on; // the bad day that goes on
let whose; // whom the drawer was last told of

// Whose phone it is, in what amoCRM knows.
function target() {
  const query = new URLSearchParams({ ...(account && { account }), ...(connectedAt && { connectedAt }) }).toString();
  return query && `?${query}`;
}

function tellMood({ data }) {
  on = data.on;
  put('now', `Now: ${data.now}`);
  for (const button of document.querySelectorAll('[data-day][aria-pressed]')) {
    button.setAttribute('aria-pressed', button.dataset.day === data.on);
  }
  $('take-right').setAttribute('aria-pressed', Boolean(connectedAt) && data.mayRead === false);
}

async function mind(method, path) {
  if (method === 'GET' && clicks) return; // the click's answer has it all
  clicks += method === 'POST';
  const mine = ++mood;
  const asker = user;
  whose = target();
  let answer;
  try {
    const response = await fetch(`/app/amo${path}${whose}`, { method });
    answer = { ok: response.ok, ...(await response.json()) };
  } catch {
    answer = { ok: false, message: 'The service does not answer.' };
  }
  clicks -= method === 'POST';
  if (mine !== mood) return;
  if (answer.ok) tellMood(answer);
  if (asker === user && (!answer.ok || method === 'POST')) put('done', answer.message ?? '');
}

function tellSeen(about = further) {
  further = about;
  put('seen', [...[...seen.values()].map(({ line }) => line), further].filter(Boolean).join(' · '));
}

// What the app's user sees now: status and leads, asked for anew, and again until they stay as they are.
async function look(before = '', tries = 0) {
  const mine = stopLooking();
  looked = performance.now();
  seen.clear();
  tellSeen('Asking the service…');
  page = undefined;
  await start();
  renewView();
  await mind('GET', ''); // what happens once may have happened
  if (mine !== looks) return;
  const outcomes = [...seen].map(([path, { outcome }]) => `${path} ${outcome}`).join();
  const isSame = outcomes === before;
  if (isSame && isSettled()) return tellSeen('');
  if (tries === PAUSES.length) return tellSeen('Stopped asking; “Look again” goes on');
  tellSeen(`Asking again in ${PAUSES[tries]} s`);
  next = setTimeout(() => document.hidden || look(outcomes, tries + 1), 1000 * PAUSES[tries]);
}

// Whether nothing better or worse is to be expected: all is well, there is no connection, or a bad day goes on.
function isSettled() {
  const [status, leads] = ['/status', '/leads'].map((path) => seen.get(path)?.outcome ?? '');
  const isWell = status === '200 connected' && leads === '200';
  const isEnded = status.startsWith('200 ') && !status.startsWith('200 connected');
  return isWell || isEnded || (on && on !== 'lost');
}

function stopLooking() {
  clearTimeout(next);
  return ++looks;
}

addEventListener('asked', ({ detail: { user: asker, method, path, status, code, problem, sentence, began, took } }) => {
  if (asker !== user || began < looked || method !== 'GET' || !['/status', '/leads'].includes(path)) return;
  const outcome = status === 0 ? 'no answer' : [status, code, problem].filter(Boolean).join(' ');
  const said = sentence ? `: “${sentence}”` : '';
  seen.set(path, { outcome, line: `GET ${path}: ${outcome}, ${(took / 1000).toFixed(1)} s${said}` });
  tellSeen();
});

// Where it shows; but the button stays under the finger.
function showPhone() {
  document.querySelector('main').scrollTo(0, 0);
  if (getComputedStyle($('drawer')).position === 'fixed') scrollTo(0, 0);
}

for (const button of document.querySelectorAll('[data-day], [data-action]')) {
  button.addEventListener('click', async () => {
    stopLooking();
    const what = button.dataset.day ?? button.dataset.action;
    // Without a connection it would be somebody else's right.
    if (what === 'take-right' && !connectedAt) return put('done', `${user.name} is not connected, so there is no right to lose.`);
    await mind('POST', `/${what}`);
    showPhone();
    await look();
  });
}
// Another user's answers are another story.
$('users').addEventListener('change', () => {
  stopLooking();
  seen.clear();
  tellSeen('');
  put('done', '');
  $('take-right').setAttribute('aria-pressed', false);
});
// As is another connection.
addEventListener('presented', () => $('drawer').open && whose !== target() && mind('GET', ''));
// Whoever goes on by themselves is not disturbed.
for (const id of ['connect', 'disconnect', 'again', 'more']) {
  $(id).addEventListener('click', () => {
    stopLooking();
    tellSeen('');
  });
}
$('look').addEventListener('click', () => look());
$('drawer').addEventListener('toggle', () => $('drawer').open && mind('GET', ''));
$('drawer').open = matchMedia('(min-width: 58rem) and (min-height: 34rem)').matches;
