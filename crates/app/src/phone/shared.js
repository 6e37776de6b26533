const $ = (id) => document.getElementById(id);
const users = JSON.parse(document.querySelector('main').dataset.users);

const currentUser = () => users.find((user) => user.name === localStorage.getItem('phone.user')) ?? users[0];

// The attempt that this user's app has begun: {attemptId, state, url}. It outlives the app.
const attempts = {
  of: (user) => JSON.parse(localStorage.getItem(`phone.attempt.${user.name}`)),
  remember: (user, attempt) => localStorage.setItem(`phone.attempt.${user.name}`, JSON.stringify(attempt)),
  forget: (user) => localStorage.removeItem(`phone.attempt.${user.name}`),
};

class Refusal extends Error {
  constructor(status, code, sentence, { retryAfter = null, field } = {}) {
    super(sentence);
    Object.assign(this, { status, code, retryAfter, field });
  }
}

// For whoever wants to know what the service was asked and said.
function asked(user, method, path, answer) {
  const detail = { user, method, path: path.split('?')[0], took: performance.now() - answer.began, ...answer };
  dispatchEvent(new CustomEvent('asked', { detail }));
}

// How long an answer may take, in milliseconds. The service waits 15 s for AMO CRM.
const LONGEST_CALL = 40_000;

// With a `key` a write is done once, however often it is sent.
async function call(user, method, path, body, key) {
  const headers = { Authorization: `Bearer ${user.jwt}` };
  if (body) headers['Content-Type'] = 'application/json';
  if (key) headers['Idempotency-Key'] = key;
  const signal = AbortSignal.timeout?.(LONGEST_CALL);
  const began = performance.now();
  let response;
  let answer;
  try {
    response = await fetch(`/api/amo-crm${path}`, { method, headers, signal, body: body && JSON.stringify(body) });
    answer = await response.json();
  } catch {
    asked(user, method, path, { status: 0, began });
    throw new Refusal(response?.status ?? 0, 'no_answer', 'The service does not answer.');
  }
  const problem = answer.data?.problem?.code;
  asked(user, method, path, { status: response.status, code: answer.code ?? answer.data?.state, problem, sentence: answer.detail, began });
  const retryAfter = Number(response.headers.get('Retry-After')) || null;
  const { status } = response;
  if (!response.ok) throw new Refusal(status, answer.code, answer.detail ?? 'That did not work.', { retryAfter, field: answer.field });
  return { ...answer, status, retryAfter };
}

const show = (element, visible) => { element.hidden = !visible; };

function make(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children.filter((child) => child !== null));
  return element;
}

