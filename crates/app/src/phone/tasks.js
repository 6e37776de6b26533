// Tasks: an item that can be completed, and the view of the user's open ones.
let taskAsks = 0; // an answer to an earlier question is not shown any more
let taskNews = ''; // what is told once they were read

let resultFields = 0; // each has an id of its own, also where a task is in two views

const taskTypes = { 1: 'Call', 2: 'Meeting' };

// The open ones by when they are due, then those that are completed.
function sortedTasks(tasks) {
  const due = ({ completeTill }) => completeTill ?? '9';
  const open = tasks.filter(({ isCompleted }) => !isCompleted).sort((one, other) => due(one).localeCompare(due(other)));
  return [...open, ...tasks.filter(({ isCompleted }) => isCompleted)];
}

function taskItem(task, link = null) {
  const { text, typeId, completeTill, isCompleted, result, responsibleUserId } = task;
  const isLate = !isCompleted && completeTill && new Date(completeTill) < new Date();
  const about = [
    completeTill && [isLate ? 'Overdue since ' : 'Due ', timeOf(completeTill, moment)],
    taskTypes[typeId] && [taskTypes[typeId]],
    personName(responsibleUserId) && [personName(responsibleUserId)],
  ].filter(Boolean).flatMap((parts, place) => (place ? [' · ', ...parts] : parts));
  return make('li', {},
    isCompleted ? make('p', {}, make('s', {}, text ?? 'Task'), ` · ${result ? `Done: ${result}` : 'Done'}`) : taskForm(task),
    link,
    make('p', { className: isLate ? 'late' : '' }, ...about));
}

// AMO CRM may want to know what came of it; only then it is asked for.
function taskForm(task) {
  const id = `result-${++resultFields}`;
  const check = make('input', { type: 'checkbox', name: 'isCompleted' });
  const result = make('input', { id, name: 'result', maxLength: 1000, autocomplete: 'off' });
  const told = make('p', { className: 'error', id: `${id}-error`, hidden: true });
  result.setAttribute('aria-describedby', told.id);
  const form = make('form', { className: 'task' },
    make('label', { className: 'check' }, check, make('span', {}, task.text ?? 'Task')),
    make('div', { className: 'field', hidden: true },
      make('label', { htmlFor: id }, 'Result'), result, told,
      make('button', { type: 'submit' }, 'Complete')),
    make('p', { className: 'told' }));
  form.lastChild.setAttribute('role', 'status');
  form.dataset.keeps = '';
  check.checked = Boolean(adoptWrite(form, taskPath(task)));
  form.addEventListener('refused', () => { check.checked = false; });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    complete(form, task, check, result.value.trim());
  });
  check.addEventListener('change', () => complete(form, task, check, result.value.trim()));
  return form;
}

const taskPath = ({ id }) => `/tasks/${id}`;

function complete(form, task, check, result) {
  const what = `Task “${shortened(task.text ?? '')}” completed`;
  check.checked = true; // what is on its way cannot be taken back
  if (form.dataset.key) return;
  save(form, { method: 'PATCH', path: taskPath(task), body: { isCompleted: true, ...(result && { result }) }, what, lead: task.leadId, news: 'The task is completed.' });
}

// In the view of all leads' tasks each says whose it is.
function namedTaskItem(task) {
  const name = task.leadName ?? `Lead ${task.leadId}`;
  return taskItem(task, task.leadId ? make('p', {}, make('a', { href: `#/lead/${task.leadId}` }, name)) : null);
}

async function readTasks() {
  const mine = ++taskAsks;
  if (!$('task-list').children.length) put('tasks-status', 'Loading…');
  try {
    const reading = call(user, 'GET', '/tasks?responsibleUserId=me&isCompleted=false&order=completeTill&limit=100');
    const [{ data, hasMore }] = await Promise.all([reading, learnProfile()]);
    if (mine !== taskAsks) return;
    fill('task-list', data, namedTaskItem, 'Nothing is to be done.');
    const count = `${data.length} open${hasMore ? ', and there are more' : ''}.`;
    put('tasks-status', [taskNews, count].filter(Boolean).join(' '));
    taskNews = '';
  } catch (refusal) {
    if (mine === taskAsks) put('tasks-status', refusal.message);
  }
}

function forgetTasks() {
  taskAsks += 1;
  empty('task-list');
  put('tasks-status', '');
}

addEventListener('write', ({ detail: { entry, state } }) => {
  if (state !== 'saved' || view.name !== 'tasks') return;
  taskNews = entry.news ?? '';
  readTasks();
});
$('tasks-renew').addEventListener('click', () => {
  put('tasks-status', 'Loading…');
  readTasks();
});
