// Drives the local amoCRM with @theyahia/amocrm-mcp, an MCP server for https://SUBDOMAIN.amocrm.ru. It refreshes with a
// redirect URI of its own making, so the integration is registered with that.
'use strict';

const assert = require('node:assert');
const path = require('node:path');
const { Client } = require('@modelcontextprotocol/sdk/client');
const { StdioClientTransport } = require('@modelcontextprotocol/sdk/client/stdio.js');
const local = require('./local_amocrm.js');

const now = Math.floor(Date.now() / 1000);
const redirectUri = `https://${local.subdomain}.amocrm.ru`;

async function connect() {
  const pair = await local.tokens(redirectUri);
  const server = path.join(process.env.NODE_PATH, '@theyahia/amocrm-mcp/dist/index.js');
  const env = {
    ...process.env,
    AMOCRM_SUBDOMAIN: local.subdomain,
    AMOCRM_ACCESS_TOKEN: pair.access_token,
    AMOCRM_REFRESH_TOKEN: pair.refresh_token,
    AMOCRM_CLIENT_ID: local.clientId,
    AMOCRM_CLIENT_SECRET: local.clientSecret,
  };
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(new StdioClientTransport({ command: process.execPath, args: [server], env, stderr: 'ignore' }));
  return client;
}

async function drive(call) {
  const account = await call('get_account', { with: ['users_groups', 'task_types'] });
  assert.strictEqual(account.id, local.account);
  const statuses = [{ pipeline_id: local.pipeline, status_id: local.won }];
  const won = await call('list_leads', { statuses, limit: 20, with: ['contacts', 'source_id'] });
  assert.ok(local.embedded(won, 'leads').every((lead) => lead.status_id === local.won));
  assert.strictEqual(local.ids(await call('list_pipelines', {}), 'pipelines').length, 2);
  assert.strictEqual(local.ids(await call('list_contacts', { limit: 5, with: ['leads', 'customers'] }), 'contacts').length, 5);
  assert.strictEqual(local.ids(await call('list_companies', { limit: 5, with: ['leads', 'contacts'] }), 'companies').length, 5);

  const phone = [{ field_id: 594210, values: [{ value: '+380630001122' }] }];
  const [contact] = local.ids(await call('create_contact', { name: 'Хома', custom_fields_values: phone }), 'contacts');
  const thomas = await call('get_contact', { contact_id: contact, with: ['leads'] });
  assert.strictEqual(thomas.custom_fields_values[0].values[0].value, '+380630001122');
  assert.ok(local.ids(await call('create_company', { name: 'Бурса' }), 'companies')[0]);
  const address = [{ field_id: local.address, values: [{ value: 'Поділ' }] }];
  const wanted = { name: 'Келія', price: 10, pipeline_id: local.pipeline, custom_fields_values: address };
  const [lead] = local.ids(await call('create_lead', wanted), 'leads');
  await call('update_lead', { lead_id: lead, price: 12, status_id: local.secondStage, pipeline_id: local.pipeline });
  const read = await call('get_lead', { lead_id: lead, with: ['contacts'] });
  assert.deepStrictEqual([read.price, read.status_id], [12, local.secondStage]);
  assert.strictEqual(read.custom_fields_values[0].values[0].value, 'Поділ');

  await call('add_note', { entity_type: 'leads', entity_id: lead, text: 'Тихо' });
  const task = { text: 'Молитись', complete_till: now + 90, entity_id: lead, entity_type: 'leads', task_type_id: 1 };
  const [made] = local.ids(await call('create_task', task), 'tasks');
  await call('complete_task', { task_id: made, result_text: 'Амінь' });
  const done = await call('list_tasks', { entity_type: 'leads', entity_id: lead, is_completed: true });
  assert.deepStrictEqual(local.embedded(done, 'tasks').map(({ id, result }) => [id, result.text]), [[made, 'Амінь']]);
  const events = await call('list_events', { entity: 'lead', entity_id: lead, type: 'lead_status_changed' });
  assert.strictEqual(local.embedded(events, 'events')[0].value_after[0].lead_status.id, local.secondStage);
  const form = { form_id: '1', form_name: 'Ф', form_page: 'https://a.example', form_sent_at: now };
  const uid = await unsorted({ source_uid: '1', source_name: 'Сайт', metadata: form, _embedded: { leads: [{ name: 'Гість' }] } });
  const waiting = await call('list_unsorted', { pipeline_id: local.pipeline });
  local.includes(local.embedded(waiting, 'unsorted').map((item) => item.uid), uid);
  const accepted = await call('accept_unsorted', { uid, status_id: local.firstStage });
  assert.strictEqual((await call('get_lead', { lead_id: local.ids(accepted, 'leads')[0] })).name, 'Гість');
  // amoCRM has no search over everything.
  await assert.rejects(call('search', { query: 'Хома' }), /404/);
}

// It makes no unsorted leads.
async function unsorted(item) {
  const { access_token: token } = await local.tokens(redirectUri);
  const answer = await fetch(`${local.base}/api/v4/leads/unsorted/forms`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify([item]),
  });
  return local.embedded(await answer.json(), 'unsorted')[0].uid;
}

local.run(async () => {
  await local.withoutLimit();
  const client = await connect();
  const { tools } = await client.listTools();
  assert.strictEqual(tools.length, 19);
  const call = async (name, parameters) => {
    const result = await client.callTool({ name, arguments: parameters });
    const [{ text }] = result.content;
    if (result.isError) throw new Error(text);
    return JSON.parse(text);
  };
  await drive(call);
  await local.expire();
  assert.strictEqual((await call('get_account', {})).id, local.account);
  assert.strictEqual(await local.refreshes(), 1);
  await client.close();
  return 'all its 19 tools, refresh';
});
