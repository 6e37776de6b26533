// Drives the local amoCRM with amocrm-js, which speaks https to port 443 of whatever host it is given: its requests are led
// to the local one here.
'use strict';

const assert = require('node:assert');
const http = require('node:http');
const https = require('node:https');
const local = require('./local_amocrm.js');

https.request = (options, onResponse) => {
  const { hostname, port } = new URL(local.base);
  return http.request({ ...options, hostname, port }, onResponse);
};

const { Client } = require('amocrm-js');

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
  const pipelines = await client.request.get('/api/v4/leads/pipelines');
  assert.strictEqual(pipelines.data._total_items, 2);
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
    domain: 'foryou.amocrm.ru',
    auth: {
      client_id: local.clientId,
      client_secret: local.clientSecret,
      redirect_uri: local.redirectUri,
      code: await local.code(),
    },
  });
  await reads(client);
  await tokens(client);
  return 'account, leads, contacts, pipelines, refresh, a refusal';
});
