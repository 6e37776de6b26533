// Drives the local amoCRM with amocrm-js, which speaks https to port 443 of whatever host it is given.
'use strict';

const assert = require('node:assert');
const { Client } = require('amocrm-js');
const local = require('./local_amocrm.js');

async function reads(client) {
  const account = await client.request.get('/api/v4/account');
  assert.strictEqual(account.data.id, local.account);

  const seen = new Set();
  const pages = await client.leads.get({ limit: 250, with: ['contacts'] });
  for (let leads = pages.getData(); leads && leads.length > 0; leads = pages.getData()) {
    leads.forEach((lead) => seen.add(lead.id));
    if (!(await pages.next())) break;
  }
  assert.strictEqual(seen.size, local.leads);

  const [id] = seen;
  const lead = await client.leads.getById(id);
  assert.strictEqual(lead.id, id);
  const some = await client.request.get('/api/v4/leads', { filter: { id: [...seen].slice(0, 3) } });
  assert.strictEqual(some.data._embedded.leads.length, 3);
  const contacts = (await client.contacts.get({ limit: 5 })).getData();
  assert.strictEqual(contacts.length, 5);
  assert.strictEqual((await client.companies.get({ limit: 5 })).getData().length, 5);
  const pipelines = await client.request.get('/api/v4/leads/pipelines');
  assert.strictEqual(pipelines.data._total_items, 2);
}

async function writes(client) {
  const contact = new client.Contact({ name: 'Устим' });
  await contact.save();
  const company = new client.Company({ name: 'Кармелюк' });
  await company.save();
  const lead = new client.Lead({ name: 'Хутір', price: 5000, pipeline_id: local.pipeline, status_id: local.firstStage });
  lead.embeddedContacts.add([contact]);
  lead.embeddedCompanies.add([company]);
  lead.embeddedTags.add([{ name: 'поле' }]);
  lead.custom_fields_values = [{ field_id: local.objectType, values: [{ enum_id: local.house }] }];
  await lead.save();

  // What it has read it sends back whole.
  const read = await client.leads.getById(lead.id, { with: ['contacts'] });
  assert.deepStrictEqual(read._embedded.contacts.map(({ id }) => id), [contact.id]);
  assert.deepStrictEqual(read._embedded.companies.map(({ id }) => id), [company.id]);
  assert.strictEqual(read.custom_fields_values[0].values[0].value, 'Будинок');
  read.price = 4500;
  read.status_id = local.secondStage;
  await read.save();
  const again = await client.leads.getById(lead.id);
  assert.strictEqual(again.price, 4500);
  assert.strictEqual(again.status_id, local.secondStage);
  assert.deepStrictEqual(again._embedded.tags.map(({ name }) => name), ['поле']);

  const [two] = await client.leads.create([{ name: 'Ще один' }]);
  await client.leads.update([{ id: two.id, name: 'Ще два' }]);
  assert.strictEqual((await client.leads.getById(two.id)).name, 'Ще два');
  const found = await client.contacts.getById(contact.id);
  found.name = 'Устим Кармелюк';
  await found.save();
  assert.strictEqual((await client.contacts.getById(contact.id)).name, 'Устим Кармелюк');
  const firm = await client.companies.getById(company.id);
  firm.name = 'Кармелюк і брати';
  await firm.save();
  assert.strictEqual((await client.companies.getById(company.id)).name, 'Кармелюк і брати');

  const till = Math.floor(Date.now() / 1000) + 5000;
  const task = new client.Task({ text: 'Обійти поле', complete_till: till, entity_id: lead.id, entity_type: 'leads' });
  await task.save();
  const saved = await client.tasks.getById(task.id);
  assert.strictEqual(saved.text, 'Обійти поле');
  assert.strictEqual((await saved.entity.get()).id, lead.id);
  saved.is_completed = true;
  saved.result = { text: 'Обійшли' };
  await saved.save();
  assert.deepStrictEqual((await client.tasks.getById(task.id)).result, { text: 'Обійшли' });
  await lead.tasks.create([{ text: 'Засіяти', complete_till: till }]);
  const [tag] = await client.leads.tags.create([{ name: 'жито' }]);
  const tags = (await client.leads.tags.get({ limit: 250 })).getData();
  local.includes(tags.map(({ id }) => id), tag.id);

  const note = [{ note_type: 'common', params: { text: 'Є річка' } }];
  await client.request.post(`/api/v4/leads/${lead.id}/notes`, note);
  const notes = await client.request.get(`/api/v4/leads/${lead.id}/notes`);
  assert.strictEqual(notes.data._embedded.notes[0].params.text, 'Є річка');
}

async function tokens(client) {
  const before = client.token.getValue().refresh_token;
  await client.token.refresh();
  assert.notStrictEqual(client.token.getValue().refresh_token, before);
  assert.strictEqual(await local.refreshes(), 1);

  await local.revoke();
  await assert.rejects(client.token.refresh());
}

local.run(async () => {
  // The library does not pace itself, and takes the page of a 429 for broken JSON.
  await local.withoutLimit();
  const client = new Client({
    domain: local.host,
    auth: {
      client_id: local.clientId,
      client_secret: local.clientSecret,
      redirect_uri: local.redirectUri,
      code: await local.code(),
    },
  });
  await reads(client);
  await writes(client);
  await tokens(client);
  return 'account, leads, contacts, companies, tags, notes, tasks, pipelines, refresh, a refusal';
});
