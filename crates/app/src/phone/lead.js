// One lead: what is known of it, and the forms that write to it.
let lead; // as it was last read, or as the list has it
let leadNumber; // of the one that is open
let leadAsks = 0; // an answer to an earlier question is not shown any more
const leadNews = new Map(); // what is told of a lead once it was read, by number

const leadForms = ['stage-form', 'task-form', 'note-form'];

function openLead(number) {
  if (number !== leadNumber) closeLead();
  leadNumber = number;
  lead ??= shownLeads.get(number);
  nameLead();
  if (lead) showFacts();
  return readLead();
}

async function readLead() {
  const mine = ++leadAsks;
  if ($('lead-body').hidden) put('lead-status', 'Loading…');
  try {
    const reading = call(user, 'GET', `/leads/${leadNumber}?include=notes,tasks,events`);
    const [{ data }] = await Promise.all([reading, learnAccount()]);
    if (mine !== leadAsks) return;
    lead = data;
    nameLead();
    showFacts();
    showLead();
    show($('lead-body'), true);
    put('lead-status', leadNews.get(leadNumber) ?? '');
    leadNews.delete(leadNumber);
  } catch (refusal) {
    if (mine !== leadAsks) return;
    put('lead-status', [leadNews.get(leadNumber), refusal.message].filter(Boolean).join(' '));
  }
}

function nameLead() {
  put('lead-name', lead ? nameOf(lead) : 'Lead');
  if (view.name === 'lead') nameView();
}

function showFacts() {
  const { status, statusName, pipelineName, price, tags, responsibleUserId, createdAt, lossReason } = lead;
  const responsible = personName(responsibleUserId);
  const lines = [
    [price ? money(price, me.currency) : 'No price'],
    [[statusName, pipelineName].filter(Boolean).join(' · ')],
    [lossReason?.name && `Lost: ${lossReason.name}`],
    [responsible && `Responsible: ${responsible}`],
    [tags.length > 0 && `Tags: ${tags.map(({ name }) => name).join(', ')}`],
    [createdAt && 'Made on ', createdAt && timeOf(createdAt)],
  ];
  const shown = lines.map((parts) => parts.filter(Boolean)).filter((parts) => parts.length);
  $('lead-facts').replaceChildren(make('p', {}, chip(status)), ...shown.map((parts) => make('p', {}, ...parts)));
}

function showLead() {
  showStages();
  fill('contacts', lead.contacts, contactItem, 'No contacts.');
  fill('lead-tasks', lead.tasks && sortedTasks(lead.tasks), (task) => taskItem(task), 'No tasks.');
  fill('notes', lead.notes, noteItem, 'No notes yet.');
  fill('events', lead.events, eventItem, 'Nothing has happened yet.');
  fill('fields', lead.customFields, fieldItem, 'No further fields.');
}

// What somebody has chosen stays chosen, also while it is on its way.
function showStages() {
  if ($('stage-form').dataset.key) return;
  const pending = adoptWrite($('stage-form'), `/leads/${leadNumber}`)?.body;
  const wasChosen = $('stage').selectedOptions[0];
  const isChanged = pending ? stageValue(pending) : wasChosen && !wasChosen.defaultSelected && wasChosen.value;
  $('stage').replaceChildren(...stageChoices(lead));
  const again = isChanged && [...$('stage').options].find(({ value }) => value === isChanged);
  if (again) again.selected = true;
}

// What was written in a form and not sent stays for whoever comes back to this lead.
function leaveLead() {
  for (const id of leadForms) {
    if ($(id).dataset.key) leaveForm($(id));
    else say($(id), '');
  }
}

function closeLead() {
  leadAsks += 1;
  lead = leadNumber = undefined;
  show($('lead-body'), false);
  put('lead-status', '');
  $('lead-facts').replaceChildren();
  proposeTime();
  for (const id of leadForms) leaveForm($(id));
  for (const id of ['contacts', 'lead-tasks', 'notes', 'events', 'fields', 'stage']) empty(id);
}

addEventListener('write', ({ detail: { entry, state } }) => {
  if (state !== 'saved' || view.name !== 'lead' || entry.lead !== leadNumber) return;
  leadNews.set(leadNumber, entry.news);
  readLead();
});
$('lead-renew').addEventListener('click', () => {
  learnAnew();
  put('lead-status', 'Loading…');
  leadNews.set(leadNumber, 'This is how it is now.');
  readLead();
});
