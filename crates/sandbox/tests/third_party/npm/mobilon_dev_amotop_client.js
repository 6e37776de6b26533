// Drives the local amoCRM with @mobilon-dev/amotop, which speaks https.
'use strict';

const assert = require('node:assert');
const { AmoApiClient, AmoService } = require('@mobilon-dev/amotop');
const local = require('./local_amocrm.js');

const now = Math.floor(Date.now() / 1000);

async function connect() {
  const service = new AmoService({});
  const app = { client_id: local.clientId, client_secret: local.clientSecret, redirect_uri: local.redirectUri };
  const pair = await service.exchangeCode(local.host, { ...app, code: await local.code() });
  const next = await service.exchangeAccessToken(local.host, { ...app, refresh_token: pair.refresh_token });
  assert.notStrictEqual(next.refresh_token, pair.refresh_token);
  return new AmoApiClient(local.host, next.access_token);
}

async function cards(amo) {
  assert.strictEqual((await amo.getAccount({ amojoId: true, driveUrl: true })).id, local.account);
  local.includes(local.ids(await amo.getUsers(), 'users'), local.agent);
  assert.strictEqual((await amo.getUserById(local.agent)).email, 'andrew@foryou.example');
  assert.strictEqual(local.ids(await amo.getLeads({ limit: 250, with: 'contacts' }), 'leads').length, 250);
  const early = await amo.getLeadsWithFilter({ filter: { createdAtTo: now }, limit: 10 });
  assert.strictEqual(local.ids(early, 'leads').length, 10);
  assert.strictEqual(local.ids(await amo.getPipelines(), 'pipelines').length, 2);
  assert.strictEqual((await amo.getPipelineById(local.rent)).id, local.rent);
  assert.strictEqual(local.ids(await amo.getPipelineStatuses(local.rent), 'statuses').length, 7);

  const { created_at: milliseconds, ...payload } = amo.getContactPayload('Мавка', '+380501234567');
  assert.ok(milliseconds > now * 100, 'it gives the time in milliseconds');
  const [contact] = local.ids(await amo.addContact(payload), 'contacts');
  await amo.updateContact(contact, { name: 'Лісова Мавка' });
  const read = await amo.getContact(contact, { leads: true });
  assert.strictEqual(read.name, 'Лісова Мавка');
  assert.strictEqual(read.custom_fields_values[0].values[0].value, '+380501234567');
  local.includes(local.ids(await amo.getContacts({ query: 'Мавка' }), 'contacts'), contact);
  const [company] = local.ids(await amo.addCompany({ name: 'Ліс' }), 'companies');
  assert.strictEqual((await amo.getCompany(company)).name, 'Ліс');
  assert.ok(local.ids(await amo.getCompanies({ limit: 5 }), 'companies').length);

  const base = amo.getBaseLeadPayload('Галявина', 900, local.admin);
  const lead = { ...base, ...amo.getPipelineLeadPayload(local.pipeline, local.firstStage) };
  lead._embedded = { contacts: [{ id: contact }], companies: [{ id: company }] };
  const [id] = local.ids(await amo.addLead(lead), 'leads');
  await amo.updateLead([{ id, price: 950 }]);
  await amo.appendTagsToLead(id, [{ name: 'затишно' }]);
  const found = await amo.getLeadById(id, { contacts: true });
  assert.strictEqual(found.price, 950);
  assert.deepStrictEqual(found._embedded.tags.map(({ name }) => name), ['затишно']);
  assert.deepStrictEqual(found._embedded.contacts.map((linked) => linked.id), [contact]);
  // The links of a company it seeks among contacts.
  for (const links of [await amo.getLeadLinks(id), await amo.getContactLinks(contact)]) {
    assert.ok(local.embedded(links, 'links').length);
  }
  const [tag] = local.ids(await amo.addTagForLeads({ name: 'мох', color: 'C7DB8C' }), 'tags');
  local.includes(local.ids(await amo.getLeadsTags(), 'tags'), tag);
  await assert.rejects(amo.addLead({ name: 7 }), (error) => error.response.status === 400);
  return { lead: id, contact };
}

async function notesAndTasks(amo, { lead, contact }) {
  const text = [{ note_type: 'common', params: { text: 'Мокро' } }];
  await amo.axios.post(`/api/v4/leads/${lead}/notes`, text);
  await amo.axios.post(`/api/v4/contacts/${contact}/notes`, text);
  // It wraps a new note, and the change of a task, into a member `data`.
  await assert.rejects(amo.addNoteToLead(lead, text[0]), (error) => error.response.status === 400);
  const [note] = local.ids(await amo.getNotesByEntityId('leads', lead), 'notes');
  assert.strictEqual((await amo.getLeadNoteById(lead, note)).params.text, 'Мокро');
  assert.ok(local.ids(await amo.getLeadsNotes({ limit: 250 }), 'notes').length);
  assert.strictEqual(local.embedded(await amo.getContactNotes(contact), 'notes')[0].params.text, 'Мокро');

  const task = { text: 'Косити', complete_till: now + 300, entity_id: lead, entity_type: 'leads' };
  const [made] = local.ids(await amo.addTask([task]), 'tasks');
  assert.strictEqual((await amo.getTaskById(made)).text, 'Косити');
  assert.strictEqual(local.ids(await amo.getTasks({ limit: 20 }), 'tasks').length, 20);
  await amo.editTask(made, { is_completed: true }).catch((error) => assert.strictEqual(error.response.status, 400));
  assert.strictEqual((await amo.getTaskById(made)).is_completed, false);

  const events = local.embedded(await amo.getEvents({ limit: 100 }), 'events');
  const added = events.find((event) => event.type === 'lead_added' && event.entity_id === lead);
  assert.strictEqual(added._embedded.entity.name, 'Галявина');
  assert.strictEqual((await amo.getEventById(added.id)).id, added.id);
  local.includes(local.embedded(await amo.getEventTypes(), 'events_types').map(({ key }) => key), 'lead_added');
}

async function settings(amo) {
  assert.ok(local.ids(await amo.getLeadsCustomFields(), 'custom_fields').length);
  const [field] = local.ids(await amo.addLeadsCustomFields([{ name: 'Гриби', type: 'checkbox' }]), 'custom_fields');
  assert.strictEqual((await amo.getLeadsCustomFieldById(field)).name, 'Гриби');
  const [position] = local.ids(await amo.addContactsCustomFields([{ name: 'Вік', type: 'numeric' }]), 'custom_fields');
  local.includes(local.ids(await amo.getContactsCustomFields({ limit: 50 }), 'custom_fields'), position);
  assert.ok(local.ids(await amo.getCompaniesCustomFields(), 'custom_fields').length);
  const groups = local.ids(await amo.getLeadsCustomFieldGroups(), 'custom_field_groups');
  assert.strictEqual((await amo.getLeadsCustomFieldGroupById(groups[0])).id, groups[0]);
  assert.ok(local.ids(await amo.getLossReasons(), 'loss_reasons').length);
  const [source] = local.ids(await amo.addSource([{ name: 'Дупло', external_id: 'oak' }]), 'sources');
  assert.strictEqual((await amo.getSourceById(source)).external_id, 'oak');
  await amo.deleteSourceById(source);
  // There are none of these in the local amoCRM.
  assert.strictEqual(await amo.getSources(), '');
  assert.strictEqual(await amo.getWidgets(), '');

  const hooks = await local.hooks();
  await amo.setWebhook({ destination: hooks.address, settings: ['add_lead'] });
  local.includes(local.embedded(await amo.getWebhooks(), 'webhooks').map((hook) => hook.destination), hooks.address);
  await amo.addLead({ name: 'Під дубом' });
  await hooks.waitFor('leads[add][0][name]=Під дубом');
  await amo.deleteWebhook({ destination: hooks.address });
}

async function unsorted(amo) {
  const form = { form_id: '1', form_name: 'Форма', form_page: 'https://a.example', form_sent_at: now, ip: '127.0.0.1' };
  const call = { from: '+380', phone: '1', called_at: now, duration: 3, link: 'https://a.example', service_code: 's', uniq: 'u' };
  const lead = (name) => ({ leads: [{ name }], contacts: [{ name: 'Перелесник' }] });
  const common = { source_name: 'Ліс', source_uid: 'forest' };
  const before = await amo.getUnsortedSummary();
  const forms = await amo.addUnsortedForms([{ ...common, metadata: form, _embedded: lead('Стежка') }]);
  const calls = await amo.addUnsortedSip([{ ...common, metadata: call, _embedded: lead('Луна') }]);
  const [{ uid: path }] = local.embedded(forms, 'unsorted');
  const [{ uid: echo }] = local.embedded(calls, 'unsorted');
  assert.strictEqual((await amo.getUnsortedByUID(path)).category, 'forms');
  local.includes(local.embedded(await amo.getUnsorted(), 'unsorted').map(({ uid }) => uid), echo);
  const accepted = await amo.acceptUnsorted(path, local.agent, local.secondStage);
  assert.strictEqual((await amo.getLeadById(local.ids(accepted, 'leads')[0])).responsible_user_id, local.agent);
  assert.strictEqual((await amo.declineUnsorted(echo, local.admin)).uid, echo);
  const summary = await amo.getUnsortedSummary();
  assert.deepStrictEqual([summary.accepted, summary.declined], [before.accepted + 1, before.declined + 1]);
}

local.run(async () => {
  await local.withoutLimit();
  const amo = await connect();
  await notesAndTasks(amo, await cards(amo));
  await settings(amo);
  await unsorted(amo);
  return 'leads, contacts, companies, links, tags, notes, tasks, events, fields, sources, unsorted, a hook, tokens';
});
