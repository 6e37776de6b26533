// The form for a new lead.
let madeWith; // the key of the one that is on its way from this form

async function openNewLead() {
  const form = $('new-form');
  if (!form.dataset.key) say(form, '');
  await learnAccount();
  if (view.name !== 'new' || form.dataset.key) return;
  const chosen = $('new-stage').value;
  const usual = make('option', { value: '' }, 'The first one');
  $('new-stage').replaceChildren(usual, ...stageChoices());
  $('new-stage').value = chosen;
  if (!$('new-stage').selectedOptions.length) usual.selected = true;
}

// Throws nothing away that AMO CRM may understand: a number with blanks is one, anything else is for it to refuse.
function newLead(form) {
  const { price, stageId: stage, tags, ...rest } = filled(form);
  const amount = price && Number(price.replace(/[\s\u00a0]/g, ''));
  const names = tags?.split(',').map((name) => name.trim()).filter(Boolean);
  return {
    ...rest,
    ...(price && { price: Number.isFinite(amount) ? amount : price }),
    ...(stage && stageOf(stage)),
    ...(names?.length && { tags: names }),
  };
}

onSubmit('new-form', (form) => {
  const body = newLead(form);
  const { name, guestName, guestPhone, guestEmail } = body;
  if (!name && !guestName && !guestPhone && !guestEmail) {
    clearProblems(form);
    showProblem(form, 'name', 'Say what it is about, or who the guest is.');
    return;
  }
  const what = `A new lead: ${shortened(name ?? guestName ?? guestPhone ?? guestEmail)}`;
  madeWith = save(form, { method: 'POST', path: '/leads', body, what }) ?? madeWith;
});

// Whoever waits for it is led to it; Back then leads to the list and not to an empty form.
addEventListener('write', ({ detail: { entry, state, answer } }) => {
  if (state !== 'saved' || entry.key !== madeWith || view.name !== 'new') return;
  const { amoLeadId } = answer.data;
  const joined = answer.status === 200 ? 'AMO CRM put it together with a lead that was there.' : 'The lead is saved.';
  const comment = lacksComment(answer) ? ' AMO CRM refused the comment.' : '';
  leadNews.set(amoLeadId, joined + comment);
  location.replace(`#/lead/${amoLeadId}`);
});
