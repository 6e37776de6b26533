// The forms on a lead: move it to another stage, add a note, add a task.

const onLead = (rest) => ({ ...rest, lead: leadNumber });
const quoted = () => `“${shortened(lead ? nameOf(lead) : String(leadNumber))}”`;

function onSubmit(id, work) {
  $(id).addEventListener('submit', (event) => {
    event.preventDefault();
    work($(id));
  });
}

onSubmit('stage-form', (form) => {
  const chosen = $('stage').selectedOptions[0];
  if (form.dataset.key || !chosen) return;
  if (chosen.defaultSelected) {
    say(form, 'It is in this stage already.');
    return;
  }
  const what = `${quoted()} to the stage “${chosen.label}”`;
  save(form, onLead({ method: 'PATCH', path: `/leads/${leadNumber}`, body: stageOf(chosen.value), what, news: '' }));
});

onSubmit('note-form', (form) => {
  save(form, onLead({ method: 'POST', path: `/leads/${leadNumber}/notes`, body: filled(form), what: `A note on ${quoted()}`, news: '' }));
});

onSubmit('task-form', (form) => {
  const { text, completeTill = '', typeId } = filled(form);
  const till = withZone(completeTill);
  if (!till) {
    clearProblems(form);
    showProblem(form, 'completeTill', `Write a time as ${local(tomorrow())}.`);
    return;
  }
  const body = { text, completeTill: till, typeId: Number(typeId) };
  save(form, onLead({ method: 'POST', path: `/leads/${leadNumber}/tasks`, body, what: `A task on ${quoted()}`, news: '' }));
});

// What a new task is due at, unless somebody says something else.
function proposeTime() {
  $('task-till').defaultValue = local(tomorrow());
}

proposeTime();
