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
  constructor(status, code, sentence, retryAfter) {
    super(sentence);
    Object.assign(this, { status, code, retryAfter });
  }
}

// For whoever wants to know what the service was asked and said.
function asked(user, path, answer) {
  const detail = { user, path: path.split('?')[0], took: performance.now() - answer.began, ...answer };
  dispatchEvent(new CustomEvent('asked', { detail }));
}

async function call(user, method, path, body) {
  const headers = { Authorization: `Bearer ${user.jwt}` };
  if (body) headers['Content-Type'] = 'application/json';
  const began = performance.now();
  let response;
  let answer;
  try {
    response = await fetch(`/api/amo-crm${path}`, { method, headers, body: body && JSON.stringify(body) });
    answer = await response.json();
  } catch {
    asked(user, path, { status: 0, began });
    throw new Refusal(response?.status ?? 0, 'no_answer', 'The service does not answer.');
  }
  const problem = answer.data?.problem?.code;
  asked(user, path, { status: response.status, code: answer.code ?? answer.data?.state, problem, sentence: answer.detail, began });
  const retryAfter = Number(response.headers.get('Retry-After')) || null;
  if (!response.ok) throw new Refusal(response.status, answer.code, answer.detail ?? 'That did not work.', retryAfter);
  return { ...answer, retryAfter };
}

const show = (element, visible) => { element.hidden = !visible; };

function make(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children.filter((child) => child !== null));
  return element;
}

