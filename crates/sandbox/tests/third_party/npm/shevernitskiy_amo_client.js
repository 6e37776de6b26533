// Drives the local amoCRM with @shevernitskiy/amo, which speaks https.
'use strict';

const assert = require('node:assert');
const { Amo } = require('@shevernitskiy/amo');
const local = require('./local_amocrm.js');

// Its errors all are of the class Error, whatever it names them.
const noContent = /204 No Content/;
const now = Math.floor(Date.now() / 1000);

async function reads(amo) {
  const account = await amo.account.getAccount({ with: ['amojo_id', 'task_types', 'users_groups'] });
  assert.strictEqual(account.id, local.account);
  const page = await amo.lead.getLeads({
    limit: 250,
    with: ['contacts', 'loss_reason'],
    order: { param: 'updated_at', type: 'desc' },
    filter: (filter) => filter.statuses([[local.pipeline, local.won]]).range('price', 1, 900000000),
  });
  assert.ok(local.embedded(page, 'leads').every((lead) => lead.status_id === local.won));
  const some = local.ids(page, 'leads').slice(0, 3);
  const listed = await amo.lead.getLeads({ filter: (filter) => filter.multi('id', some) });
  assert.strictEqual(local.ids(listed, 'leads').length, some.length);
  assert.strictEqual(local.ids(await amo.pipeline.getPipelines(), 'pipelines').length, 2);
  assert.strictEqual((await amo.pipeline.getPipelineById(local.rent)).id, local.rent);
  assert.strictEqual(local.ids(await amo.pipeline.getStatusesByPipelineId(local.rent), 'statuses').length, 7);
  assert.strictEqual((await amo.pipeline.getStatusesById(local.won, local.rent)).id, local.won);
  local.includes(local.ids(await amo.user.getUsers({ with: ['role', 'group'] }), 'users'), local.admin);
  assert.strictEqual((await amo.user.getUserById(local.agent)).email, 'andrew@foryou.example');
  assert.ok(local.ids(await amo.user.getRoles(), 'roles').length);
  await assert.rejects(amo.lead.getLeadById(1), noContent);
}

async function cards(amo) {
  const [contact] = local.ids(await amo.contact.addContacts([{ first_name: 'Іван', last_name: 'Сірко' }]), 'contacts');
  await amo.contact.updateContactById(contact, { first_name: 'Отаман' });
  await amo.contact.updateContacts([{ id: contact, custom_fields_values: [{ field_code: 'EMAIL', values: [{ value: 's@a.example' }] }] }]);
  const read = await amo.contact.getContactById(contact, { with: ['leads'] });
  assert.strictEqual(read.name, 'Отаман Сірко');
  assert.strictEqual(read.custom_fields_values[0].values[0].enum_code, 'WORK');
  const [company] = local.ids(await amo.company.addCompanies([{ name: 'Січ' }]), 'companies');
  await amo.company.updateCompaniesById(company, { name: 'Нова Січ' });
  assert.strictEqual((await amo.company.getCompanyById(company)).name, 'Нова Січ');

  const house = [{ field_id: local.objectType, values: [{ enum_id: local.house }] }];
  const [lead, other] = local.ids(
    await amo.lead.addLeads([{ name: 'Острів', price: 1, custom_fields_values: house }, { name: 'Півострів' }]),
    'leads',
  );
  await amo.lead.updateLeadById(lead, { price: 2, status_id: local.secondStage, pipeline_id: local.pipeline });
  await amo.lead.updateLeads([{ id: other, price: 3 }]);
  assert.strictEqual((await amo.lead.getLeadById(other)).price, 3);
  const whole = await amo.lead.addComplex([{ name: 'Разом', _embedded: { contacts: [{ first_name: 'Джура' }] } }]);
  assert.ok(whole[0].contact_id && whole[0].company_id === null && whole[0].merged === false);

  await amo.link.addLinksByEntityId(lead, 'leads', [{ to_entity_id: contact, to_entity_type: 'contacts' }]);
  const two = [lead, other].map((id) => ({ entity_id: id, to_entity_id: company, to_entity_type: 'companies' }));
  assert.strictEqual(local.embedded(await amo.link.addLinksByEntityType('leads', two), 'links').length, 2);
  const links = await amo.link.getLinksByEntityType('leads', { filter: (filter) => filter.multi('entity_id', [lead, other]) });
  assert.deepStrictEqual(
    new Set(local.embedded(links, 'links').map((link) => `${link.entity_id} ${link.to_entity_type}`)),
    new Set([`${lead} contacts`, `${lead} companies`, `${other} companies`]),
  );
  // A success without a body it takes for a failure.
  await assert.rejects(amo.link.deleteLinksByEntityType('leads', two), noContent);
  await assert.rejects(
    amo.link.deleteLinksByEntityId(lead, 'leads', [{ to_entity_id: contact, to_entity_type: 'contacts' }]),
    noContent,
  );
  await assert.rejects(amo.link.getLinksByEntityId(lead, 'leads'), noContent);

  const [tag] = local.ids(await amo.tag.addTags('leads', [{ name: 'вода' }]), 'tags');
  await amo.tag.addTagsToEntitiesById(lead, 'leads', { _embedded: { tags: [{ id: tag }] } });
  assert.deepStrictEqual((await amo.lead.getLeadById(lead))._embedded.tags.map(({ id }) => id), [tag]);
  await amo.tag.deleteTagsToEntitiesById(lead, 'leads', { _embedded: { tags: null } });
  assert.deepStrictEqual((await amo.lead.getLeadById(lead))._embedded.tags, []);
  assert.deepStrictEqual(local.ids(await amo.tag.getTags('leads', { query: 'вода' }), 'tags'), [tag]);
  await assert.rejects(amo.lead.addLeads([{ name: 'ok' }, { status_id: 5 }]), (error) => {
    assert.strictEqual(error.response['validation-errors'][0].errors[0].path, 'status_id', error);
    return true;
  });
  return lead;
}

async function notesTasksAndEvents(amo, lead) {
  const note = { entity_id: lead, note_type: 'common', params: { text: 'Є порт' } };
  const [id] = local.ids(await amo.note.addNotes('leads', [note]), 'notes');
  await amo.note.updateNoteById(id, 'leads', { ...note, params: { text: 'Порту нема' } });
  assert.strictEqual((await amo.note.getNotesById(id, 'leads')).params.text, 'Порту нема');
  await amo.note.updateNotes('leads', [{ ...note, id, params: { text: 'Буде порт' } }]);
  const notes = await amo.note.getNotesByEntityId(lead, 'leads', { filter: (filter) => filter.single('note_type', 'common') });
  assert.deepStrictEqual(local.embedded(notes, 'notes').map(({ params }) => params.text), ['Буде порт']);
  assert.ok(local.ids(await amo.note.getNotesByEntityType('leads', { limit: 250 }), 'notes').length);

  const task = (text) => ({ text, complete_till: now + 60, entity_id: lead, entity_type: 'leads', task_type_id: 1 });
  const [row, sail] = local.ids(await amo.task.addTasks([task('Веслувати'), task('Плисти')]), 'tasks');
  await amo.task.updateTaskById(row, { text: 'Гребти' });
  await amo.task.updateTasks([{ id: sail, responsible_user_id: local.agent }]);
  await amo.task.completeTaskById(row, { is_completed: true, result: { text: 'Пристали' } });
  await amo.task.completeTasks([{ id: sail, is_completed: true, result: { text: 'Допливли' } }]);
  const done = await amo.task.getTaskById(row);
  assert.deepStrictEqual([done.text, done.result.text], ['Гребти', 'Пристали']);
  const ofAgent = (filter) => filter.single('responsible_user_id', local.agent).single('is_completed', 1);
  const ofLead = (filter) => ofAgent(filter).single('entity_type', 'leads').multi('entity_id', [lead]);
  const mine = await amo.task.getTasks({ filter: ofLead });
  local.includes(local.ids(mine, 'tasks'), sail);

  const filter = (filter) => filter.single('entity', 'lead').multi('entity_id', [lead]);
  const events = local.embedded(await amo.event.getEvents({ limit: 100, filter, with: ['lead_name'] }), 'events');
  const kinds = events.map(({ type }) => type);
  ['lead_added', 'lead_status_changed', 'contact_linked', 'common_note_added']
    .filter((kind) => kind !== 'contact_linked' || !kinds.includes('entity_linked'))
    .forEach((kind) => local.includes(kinds, kind));
  assert.strictEqual((await amo.event.getEventById(events[0].id)).id, events[0].id);
  assert.ok(local.embedded(await amo.event.getEventsTypes('ru'), 'events_types').length > 10);
}

async function settings(amo) {
  const fields = amo.custom_fields;
  const made = await fields.addCustomFields('leads', [{ name: 'Вітер', type: 'select', enums: [{ value: 'Зюйд', sort: 1 }] }]);
  const [field] = local.embedded(made, 'custom_fields');
  const enums = [...field.enums, { value: 'Норд', sort: 2 }];
  const changed = await fields.updateCustomFieldById(field.id, 'leads', { name: 'Звідки вітер', enums });
  assert.deepStrictEqual(changed.enums.map(({ value }) => value), ['Зюйд', 'Норд']);
  assert.strictEqual(changed.enums[0].id, field.enums[0].id);
  assert.strictEqual((await fields.getCustomFieldById(field.id, 'leads')).name, 'Звідки вітер');
  await fields.deleteCustomFieldById(field.id, 'leads');
  assert.ok(!local.ids(await fields.getCustomFields('leads', undefined, { limit: 250 }), 'custom_fields').includes(field.id));
  const groups = local.ids(await fields.getCustomFieldsGroups('leads'), 'custom_field_groups');
  assert.strictEqual((await fields.getCustomFieldsByGroupId(groups[0], 'leads')).id, groups[0]);
  // New groups it sends to the address of fields.
  await assert.rejects(fields.addCustomFieldsGroups('leads', [{ name: 'Група', sort: 1 }]), /400 Bad Request/);

  const [source] = local.ids(await amo.source.addSources([{ name: 'Чайка', external_id: 'boat' }]), 'sources');
  await amo.source.updateSourceById(source, { name: 'Човен' });
  assert.strictEqual((await amo.source.getSourceById(source)).name, 'Човен');
  await amo.source.deleteSourceById(source);
  await assert.rejects(amo.source.getSources(), noContent);
  const [role] = local.ids(await amo.user.addRoles([{ name: 'Писар' }]), 'roles');
  await amo.user.updateRoleById(role, { name: 'Генеральний писар' });
  assert.strictEqual((await amo.user.getRoleById(role)).name, 'Генеральний писар');
  await amo.user.deleteRoleById(role);

  const hooks = await local.hooks();
  const hook = await amo.webhook.addWebhook({ destination: hooks.address, settings: ['add_company'], sort: 5 });
  assert.strictEqual(hook.destination, hooks.address);
  await amo.company.addCompanies([{ name: 'Верф' }]);
  await hooks.waitFor('contacts[add][0][name]=Верф');
  await amo.webhook.deleteWebhook({ destination: hooks.address });
  await assert.rejects(amo.webhook.getWebhooks(), noContent);
}

async function unsorted(amo) {
  const form = { form_id: '1', form_name: 'Форма', form_page: 'https://a.example', form_sent_at: now, ip: '127.0.0.1' };
  const item = (name) => ({
    source_name: 'Пошта',
    source_uid: 'mail',
    pipeline_id: local.pipeline,
    metadata: form,
    _embedded: { leads: [{ name }], contacts: [{ name: 'Гонець' }] },
  });
  const before = await amo.unsorted.getUnsortedSummary();
  const made = local.embedded(await amo.unsorted.addUnsortedForm([item('Лист'), item('Листівка')]), 'unsorted');
  const [letter, card] = made.map(({ uid }) => uid);
  assert.strictEqual((await amo.unsorted.getUnsortedByUid(letter)).source_name, 'Пошта');
  const waiting = await amo.unsorted.getUnsorted({ filter: (filter) => filter.multi('category', ['forms']) });
  local.includes(local.embedded(waiting, 'unsorted').map(({ uid }) => uid), card);
  const accepted = await amo.unsorted.acceptUnsortedByUid(letter, { status_id: local.firstStage });
  assert.strictEqual((await amo.lead.getLeadById(local.ids(accepted, 'leads')[0])).name, 'Лист');
  await amo.unsorted.declineUnsortedByUid(card, { user_id: local.admin });
  assert.strictEqual((await amo.unsorted.getUnsortedSummary()).declined, before.declined + 1);
}

local.run(async () => {
  await local.withoutLimit();
  const saved = [];
  const app = { client_id: local.clientId, client_secret: local.clientSecret, redirect_uri: local.redirectUri };
  const options = { request_delay: 0, on_token: (token) => saved.push(token) };
  const first = new Amo(local.host, { ...app, grant_type: 'authorization_code', code: await local.code() }, options);
  assert.strictEqual((await first.account.getAccount()).name, 'For You Real Estate');
  // It renews its tokens when their time is over.
  const amo = new Amo(local.host, { ...app, ...saved[0], expires_at: 0 }, options);
  await reads(amo);
  assert.strictEqual(saved.length, 2);
  await notesTasksAndEvents(amo, await cards(amo));
  await settings(amo);
  await unsorted(amo);
  return 'leads, complex, contacts, companies, links, tags, notes, tasks, events, fields, unsorted, a hook, tokens';
});
