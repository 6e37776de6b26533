// Drives the sandbox with amocrm-js from npm, unmodified but for the address: the library speaks
// https to port 443 of whatever host it is given, so its requests are led to the sandbox here.
//
//     node amocrm_js_client.js http://127.0.0.1:PORT
'use strict';

const assert = require('node:assert');
const http = require('node:http');
const https = require('node:https');

const base = new URL(process.argv[2]);
https.request = (options, onResponse) =>
  http.request({ ...options, hostname: base.hostname, port: base.port }, onResponse);

const { Client } = require('amocrm-js');

async function control(method, path, body) {
  const answer = await fetch(`${base.origin}/_sandbox${path}`, { method, body: JSON.stringify(body) });
  assert.ok(answer.ok, `${path}: ${answer.status}`);
  return answer.json();
}

async function main() {
  await control('POST', '/reset', {});
  // The library does not pace itself, and takes the page of a 429 for broken JSON.
  await control('PATCH', '/faults', { rate_limit: 0 });
  const { code } = await control('POST', '/codes', { account: 31920194 });
  const client = new Client({
    domain: 'foryou.amocrm.ru',
    auth: {
      client_id: 'sandbox',
      client_secret: 'sandbox-secret',
      redirect_uri: 'http://127.0.0.1:8080/api/amo-crm/callback',
      code,
    },
  });

  const account = await client.request.get('/api/v4/account');
  assert.strictEqual(account.data.id, 31920194);

  const seen = new Set();
  const pages = await client.leads.get({ limit: 250, with: ['contacts'] });
  for (let leads = pages.getData(); leads && leads.length > 0; leads = pages.getData()) {
    leads.forEach((lead) => seen.add(lead.id));
    if (!(await pages.next())) break;
  }
  assert.strictEqual(seen.size, 630);

  const [id] = seen;
  const lead = await client.leads.getById(id);
  assert.strictEqual(lead.id, id);
  const some = await client.request.get('/api/v4/leads', { filter: { id: [...seen].slice(0, 3) } });
  assert.strictEqual(some.data._embedded.leads.length, 3);
  const pipelines = await client.request.get('/api/v4/leads/pipelines');
  assert.strictEqual(pipelines.data._total_items, 2);

  const before = client.token.getValue().refresh_token;
  await client.token.refresh();
  assert.notStrictEqual(client.token.getValue().refresh_token, before);
  assert.strictEqual((await control('GET', '')).counters.refreshes, 1);

  await control('POST', '/revoke', { account: 31920194 });
  await assert.rejects(client.token.refresh());
  console.log('amocrm-js: ok');
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
