const seen = new Map(); // what the service answered since the last look, in the order of the questions
let looked = 0;
let mood = 0;

function tellMood({ data }) {
  put('now', `Now: ${data.now}`);
  for (const button of document.querySelectorAll('[data-day][aria-pressed]')) {
    button.setAttribute('aria-pressed', button.dataset.day === data.on);
  }
}

async function mind(method, path) {
  const mine = ++mood;
  let answer;
  try {
    const response = await fetch(`/app/amo${path}`, { method });
    answer = { ok: response.ok, ...(await response.json()) };
  } catch {
    answer = { ok: false, message: 'The service does not answer.' };
  }
  if (mine !== mood) return;
  if (answer.ok) tellMood(answer);
  if (!answer.ok || method === 'POST') put('done', answer.message ?? '');
}

// What the app's user sees now: status and leads, asked for anew.
async function look() {
  looked = performance.now();
  seen.clear();
  put('seen', 'Asking the service…');
  page = undefined;
  await start();
  await mind('GET', ''); // what happens once may have happened
}

addEventListener('asked', ({ detail: { path, status, code, sentence, began, took } }) => {
  if (began < looked || !['/status', '/leads'].includes(path)) return;
  const outcome = status === 0 ? 'no answer' : [status, code].filter(Boolean).join(' ');
  const said = sentence ? `: “${sentence}”` : '';
  seen.set(path, `GET ${path}: ${outcome}, ${(took / 1000).toFixed(1)} s${said}`);
  put('seen', [...seen.values()].join(' · '));
});

for (const button of document.querySelectorAll('[data-day]')) {
  button.addEventListener('click', async () => {
    await mind('POST', `/${button.dataset.day}${account ? `?account=${account}` : ''}`);
    for (const part of [window, document.querySelector('main'), $('panel')]) part.scrollTo(0, 0); // where it shows
    await look();
  });
}
$('look').addEventListener('click', look);
$('drawer').addEventListener('toggle', () => $('drawer').open && mind('GET', ''));
$('drawer').open = matchMedia('(min-width: 58rem) and (min-height: 34rem)').matches;
