// Writes whose outcome is not certain yet. Each has a key, under which it is done once however often it is sent, and
// stays in the browser's storage until its outcome is known: also when the page is closed meanwhile.
//
// A `write` event tells what became of one: 'saved'; 'doubt', it may be saved; 'waiting', it certainly is not yet;
// 'held', it waits for a connection; 'refused', it is not, and is not sent again.

// How long until it is sent again, in seconds; the last one again and again.
const WRITE_PAUSES = [2, 4, 8, 15];

// After a week the service knows a key no more, and would write a second time.
const KEY_TERM = 6 * 24 * 60 * 60 * 1000;

const UNDONE = ['crm_unavailable', 'crm_timeout', 'rate_limited', 'refresh_in_progress', 'storage_unavailable', 'auth_unavailable', 'too_many_requests', 'request_timeout'];
const UNCONNECTED = ['unauthorized', 'not_connected', 'needs_reauth', 'revoked'];

const sendings = new Map(); // by key: the timer of the next sending, or `true` while it is on its way

const shelf = (of) => `phone.writes.${of.name}`;

// Read anew each time: another tab may have changed it.
const writesOf = (of) => JSON.parse(localStorage.getItem(shelf(of))) ?? [];

function keepWrites(of, writes) {
  if (writes.length) localStorage.setItem(shelf(of), JSON.stringify(writes));
  else localStorage.removeItem(shelf(of));
}

const findWrite = (of, key) => writesOf(of).find((write) => write.key === key);
const removeWrite = (of, key) => keepWrites(of, writesOf(of).filter((write) => write.key !== key));

function changeWrite(of, key, changes) {
  keepWrites(of, writesOf(of).map((write) => (write.key === key ? { ...write, ...changes } : write)));
}

// randomUUID is missing where the page comes over plain http from another machine.
function newKey() {
  if (crypto.randomUUID) return crypto.randomUUID();
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

// Takes a write: {method, path, body}, `what` it is for people, and the number of the `lead` that it is on. Returns its key.
function write(order) {
  const key = newKey();
  const entry = { ...order, key, account, at: Date.now(), tries: 0, state: 'new' };
  keepWrites(user, [...writesOf(user), entry]);
  sendWrite(user, key);
  return key;
}

// What a refusal says of a write.
function stateAfter({ status, code }) {
  if (UNCONNECTED.includes(code)) return 'held';
  if (UNDONE.includes(code)) return 'waiting';
  if (status === 0 || status >= 500 || status < 400 || code === 'request_in_progress') return 'doubt';
  return status === 408 || status === 429 ? 'waiting' : 'refused';
}

// Two changes of one thing go one after the other.
const laneOf = ({ method, path, key }) => (method === 'PATCH' ? path : key);
const isFirst = (of, entry) => writesOf(of).find((other) => other.state !== 'refused' && laneOf(other) === laneOf(entry))?.key === entry.key;

async function sendWrite(of, key) {
  const entry = findWrite(of, key);
  if (!entry || entry.state === 'refused' || sendings.get(key) === true || !isFirst(of, entry)) return undefined;
  removeSending(key);
  if (of !== user || !connectedAt) return undefined; // its turn comes when they are there, and connected
  if (Date.now() - entry.at > KEY_TERM) return endWrite(of, entry, 'refused', { code: 'too_old', message: 'It is too old.' });
  if (entry.account !== account) return endWrite(of, entry, 'refused', { code: 'another_account', message: 'Another AMO CRM account is connected now.' });
  sendings.set(key, true);
  const sent = call(of, entry.method, entry.path, entry.body, key);
  const { answer, refusal } = await sent.then((answer) => ({ answer }), (refusal) => ({ refusal }));
  const isDropped = !sendings.delete(key);
  if (isDropped) return undefined;
  return refusal ? afterRefusal(of, entry, refusal) : endWrite(of, entry, 'saved', answer);
}

function afterRefusal(of, entry, refusal) {
  const found = stateAfter(refusal);
  if (found === 'refused') return endWrite(of, entry, 'refused', refusal);
  const isInDoubt = entry.isInDoubt || found === 'doubt';
  const state = isInDoubt && found === 'waiting' ? 'doubt' : found;
  changeWrite(of, entry.key, { tries: entry.tries + 1, state, isInDoubt, problem: refusal.message });
  const pause = WRITE_PAUSES[Math.min(entry.tries, WRITE_PAUSES.length - 1)];
  const seconds = Math.max(pause, refusal.retryAfter ?? 0);
  if (state !== 'held') sendings.set(entry.key, setTimeout(() => sendWrite(of, entry.key), 1000 * seconds));
  tellWrite(of, { ...entry, isInDoubt }, state, refusal);
  return tellWrites(of);
}

function endWrite(of, entry, state, answer) {
  if (state === 'saved') removeWrite(of, entry.key);
  else changeWrite(of, entry.key, { state, problem: refusalSentence(entry, answer) });
  const isTaken = tellWrite(of, entry, state, answer);
  if (state === 'refused' && isTaken) removeWrite(of, entry.key); // its form shows it
  tellWrites(of);
  resumeWrites();
}

// Whoever shows a refusal says so by `preventDefault`; else it is kept to be shown.
function tellWrite(of, entry, state, answer) {
  return of === user && !dispatchEvent(new CustomEvent('write', { cancelable: true, detail: { entry, state, answer } }));
}

// What is not saved is not the same as before.
function tellWrites(of) {
  if (of === user) dispatchEvent(new Event('writes'));
}

// Sends what nobody is about to send; `now` also what waits for its next turn.
function resumeWrites(now = false) {
  if (!connectedAt) return;
  for (const { key } of writesOf(user)) {
    if (now || !sendings.has(key)) sendWrite(user, key);
  }
}

// Returns how many there were.
function dropWrites(of) {
  const all = writesOf(of);
  for (const { key } of all) removeSending(key);
  keepWrites(of, []);
  tellWrites(of);
  return all.length;
}

function removeSending(key) {
  if (sendings.get(key) !== true) clearTimeout(sendings.get(key));
  sendings.delete(key);
}

addEventListener('presented', () => resumeWrites());
addEventListener('online', () => resumeWrites(true));
