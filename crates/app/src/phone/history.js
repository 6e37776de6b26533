// What happened to a lead, in words.
const eventWords = {
  lead_added: 'Lead added',
  lead_deleted: 'Lead deleted',
  lead_restored: 'Lead restored',
  common_note_added: 'Note added',
  common_note_deleted: 'Note deleted',
  custom_field_value_changed: 'Field changed',
  entity_merged: 'Put together with another lead',
};

// Of a list of values as AMO CRM has it, each an object with one member: that member of the first.
const valueOf = (values, member) => (Array.isArray(values) ? values.find((value) => value?.[member])?.[member] : undefined);

function beforeAndAfter(event, member, shown) {
  const [before, after] = [event.before, event.after].map((values) => {
    const value = valueOf(values, member);
    return value && shown(value);
  });
  if (before && after) return `: ${before} → ${after}`;
  return after ? `: ${after}` : '';
}

const changes = {
  lead_status_changed: (event) => `Stage${beforeAndAfter(event, 'lead_status', (stage) => stageName(stage.pipeline_id, stage.id))}`,
  entity_responsible_changed: (event) => `Responsible${beforeAndAfter(event, 'responsible_user', (person) => personName(person.id))}`,
  name_field_changed: (event) => `Name${beforeAndAfter(event, 'name_field_value', ({ name }) => name)}`,
  sale_field_changed: (event) => `Price${beforeAndAfter(event, 'sale_field_value', ({ sale }) => String(sale))}`,
  entity_tag_added: (event) => `Tag added${beforeAndAfter({ after: event.after }, 'tag', ({ name }) => name)}`,
  entity_tag_deleted: (event) => `Tag removed${beforeAndAfter({ after: event.before }, 'tag', ({ name }) => name)}`,
};

// A type that is not known here is told in AMO CRM's word for it.
function eventSentence(event) {
  const told = changes[event.type]?.(event);
  return told ?? eventWords[event.type] ?? (event.type ? words(event.type) : 'Something happened');
}
