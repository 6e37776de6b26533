// Forms that write. What is sent is kept by the queue, so a form is empty again as soon as the queue has it to itself:
// whoever presses the button once more writes something else.

const doubtful = 'AMO CRM did not answer. We are finding out whether it was saved… You can leave this screen.';

// What a refusal means for whoever wrote it.
function refusalSentence({ isInDoubt }, { code, message }) {
  if (isInDoubt) return 'We do not know whether it was saved. Please look before you try again.';
  if (code === 'forbidden') return 'Not saved: your AMO CRM user may not do this.';
  if (['idempotency_key_expired', 'idempotency_key_reused'].includes(code)) return 'It was not saved. Please try again.';
  return `Not saved: ${message}`;
}

// AMO CRM may have refused the comment that came with a lead.
const lacksComment = ({ data }) => Boolean(data?.missing?.includes('comment'));

function writeSentence(entry, state, answer) {
  switch (state) {
    case 'saved': return lacksComment(answer) ? 'Saved, without the comment: AMO CRM refused it.' : 'Saved.';
    case 'doubt': return doubtful;
    case 'waiting': return `Not saved yet: ${answer.message} We keep trying. You can leave this screen.`;
    case 'held': return 'Not saved yet: connect AMO CRM, and we try again.';
    default: return refusalSentence(entry, answer);
  }
}

const isBusy = (form) => form.getAttribute('aria-busy') === 'true';

function say(form, text) {
  const told = form.querySelector('[role=status]');
  if (told.textContent !== text) told.textContent = text;
}

// Hands `order` to the queue. Returns its key, or nothing while an earlier one of this form is on its way.
function save(form, order) {
  if (isBusy(form)) return undefined;
  clearProblems(form);
  form.setAttribute('aria-busy', true);
  say(form, 'Saving…');
  form.dataset.key = write(order);
  return form.dataset.key;
}

// Takes up the change of `path` that the queue still has, if there is one: the page may be new since. Returns it.
function adoptWrite(form, path) {
  const entry = writesOf(user).find((one) => one.method === 'PATCH' && one.path === path && one.state !== 'refused');
  if (!entry) return undefined;
  form.dataset.key = entry.key;
  if (isTold(entry)) say(form, writeSentence(entry, entry.state, { message: entry.problem }));
  return entry;
}

// Leaves what is on its way to the queue.
function leaveForm(form) {
  delete form.dataset.key;
  form.removeAttribute('aria-busy');
  form.reset();
  clearProblems(form);
  say(form, '');
}

function clearProblems(form) {
  for (const input of form.elements) input.removeAttribute('aria-invalid');
  for (const told of form.querySelectorAll('.error')) {
    told.textContent = '';
    show(told, false);
  }
}

// Shows what is wrong beside the input of that name, and goes there. Without such an input it is told below the button.
function showProblem(form, name, why, sentence = why) {
  const input = name && form.elements.namedItem(name.split(/[.[]/)[0]);
  const field = input?.closest?.('.field');
  if (!field) return say(form, sentence);
  show(field, true);
  const told = field.querySelector('.error');
  told.textContent = why;
  show(told, true);
  input.setAttribute('aria-invalid', true);
  say(form, 'Not saved: see above.');
  return input.focus();
}

// Tells what became of a form's write. Says whether it is a refusal that the form shows.
function settle(form, { entry, state, answer }) {
  const isNews = isBusy(form); // nothing was heard of it before
  form.removeAttribute('aria-busy');
  if (['saved', 'refused'].includes(state)) delete form.dataset.key;
  if (isNews && state === 'refused') {
    showProblem(form, answer.field, answer.message, refusalSentence(entry, answer));
    form.dispatchEvent(new Event('refused'));
    return true;
  }
  if (isNews && !('keeps' in form.dataset)) form.reset();
  say(form, writeSentence(entry, state, answer));
  return false;
}

addEventListener('write', (event) => {
  for (const form of document.querySelectorAll(`form[data-key="${event.detail.entry.key}"]`)) {
    if (settle(form, event.detail)) event.preventDefault();
  }
});

// The named values of a form that hold something, without blanks at their ends.
function filled(form) {
  const entries = [...new FormData(form)].map(([name, value]) => [name, value.trim()]);
  return Object.fromEntries(entries.filter(([, value]) => value));
}
