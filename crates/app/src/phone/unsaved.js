// What is not saved yet: a line above every view, and a view of its own.
let toldUnsaved; // what the view is made from
let isLateSaved = false; // whether the last that was heard is that one of them was saved

const isTold = ({ state }) => state !== 'new'; // its form alone tells of a new one
const counted = (count) => (count === 1 ? '1 change is' : `${count} changes are`);

function showUnsaved() {
  const writes = writesOf(user).filter(isTold);
  if (writes.length) put('saving-status', `${counted(writes.length)} not saved yet.`);
  else if (!$('saving-link').hidden) put('saving-status', isLateSaved ? 'All changes are saved.' : '');
  show($('saving-link'), writes.length > 0);
  put('unsaved-status', writes.length ? '' : 'Everything is saved.');
  show($('try-now'), writes.some(({ state }) => state !== 'refused'));
  const made = JSON.stringify([user.name, writes.map(({ tries, ...shown }) => shown)]);
  if (made === toldUnsaved) return;
  toldUnsaved = made;
  replaceItems($('unsaved-list'), writes.map(unsavedItem), $('unsaved-title'));
}

function unsavedItem(entry) {
  const { what, body, state, isInDoubt, problem } = entry;
  const isRefused = state === 'refused';
  const said = isRefused ? problem : writeSentence(entry, state, { message: problem });
  const text = body.text ?? body.comment;
  const stop = isInDoubt ? 'Stop asking' : 'Do not save it'; // what may be saved cannot be taken back
  return make('li', {},
    make('h3', {}, what),
    text ? make('p', { className: 'said' }, text) : null,
    make('p', {}, said),
    make('button', { type: 'button', className: 'quiet', onclick: () => removeUnsaved(entry) }, isRefused ? 'Remove' : stop));
}

function removeUnsaved({ key }) {
  if (sendings.get(key) === true) return put('unsaved-status', 'It is on its way just now. One moment…');
  removeSending(key);
  removeWrite(user, key);
  showUnsaved();
  $('unsaved-title').focus();
  return resumeWrites(); // what waited for it
}

addEventListener('write', ({ detail: { entry, state } }) => { isLateSaved = state === 'saved' && isTold(entry); });
addEventListener('writes', showUnsaved);
addEventListener('presented', showUnsaved);
addEventListener('storage', ({ key }) => key === shelf(user) && showUnsaved());
$('try-now').addEventListener('click', () => resumeWrites(true));
