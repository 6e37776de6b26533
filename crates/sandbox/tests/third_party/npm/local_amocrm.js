// What the scripts of the npm clients share: the local amoCRM's control plane, tokens, and the last line. Each script is
// called with the address of the account "For You Real Estate" as its only argument.
'use strict';

const assert = require('node:assert');
const http = require('node:http');

const base = process.argv[2];
const host = new URL(base).host;
const clientId = 'sandbox';
const clientSecret = 'sandbox-secret';
const redirectUri = 'http://127.0.0.1:8080/api/amo-crm/callback';

const account = 31920194;
const pipeline = 7301200;
const rent = 7301204;

async function call(method, path, body) {
  const answer = await fetch(base + path, {
    method,
    body: body && JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

const control = (method, path = '', body = undefined) => call(method, `/_sandbox${path}`, body);

// For clients that know no limit: they are faster than amoCRM's.
const withoutLimit = () => control('PATCH', '/faults', { rate_limit: 0, account_rate_limit: 0 });

// A code as if the administrator had allowed the integration.
const code = async () => (await control('POST', '/codes', { account })).code;

// A token pair, for clients that get theirs from elsewhere.
const tokens = async (redirect = redirectUri) =>
  call('POST', '/oauth2/access_token', {
    client_id: clientId,
    client_secret: clientSecret,
    grant_type: 'authorization_code',
    code: await code(),
    redirect_uri: redirect,
  });

const refreshes = async () => (await control('GET')).counters.refreshes;
const revoke = () => control('POST', '/revoke', { account });
const expire = () => control('POST', '/expire', { account });

// Listens for webhooks: their address, and a wait for the first whose decoded body has a text in it.
async function hooks() {
  const bodies = [];
  const waiting = [];
  const decoded = (body) => decodeURIComponent(body.replaceAll('+', ' '));
  const server = http.createServer((request, answer) => {
    let body = '';
    request.on('data', (part) => (body += part));
    request.on('end', () => {
      answer.end();
      bodies.push(decoded(body));
      waiting.splice(0).forEach((look) => look());
    });
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  async function waitFor(text) {
    const late = AbortSignal.timeout(20_000);
    for (;;) {
      const found = bodies.find((body) => body.includes(text));
      if (found) return found;
      await new Promise((look, fail) => {
        waiting.push(look);
        late.onabort = () => fail(new Error(`no webhook has ${text}: ${bodies.join('\n')}`));
      });
    }
  }
  return { address: `http://127.0.0.1:${server.address().port}/hooks`, waitFor };
}

// The entries of a list, and their ids.
const embedded = (answer, name) => answer._embedded[name];
const ids = (answer, name) => embedded(answer, name).map((entry) => entry.id);
const includes = (list, value) => assert.ok(list.includes(value), `${value} is not among ${list}`);

// Runs `drive`, which says what it drove, and prints the line that the runner shows.
async function run(drive) {
  // Node ends without a word when nothing can happen any more.
  process.exitCode = 1;
  try {
    const driven = await drive();
    const { counters } = await control('GET');
    const calls = counters.api_requests + counters.token_requests + counters.lookups;
    console.log(`${driven}, ${calls} calls`);
    process.exit(0);
  } catch (error) {
    console.error(error);
    process.exit(1);
  }
}

module.exports = {
  base,
  host,
  subdomain: 'foryou',
  clientId,
  clientSecret,
  redirectUri,
  account,
  admin: 10110001,
  agent: 10110002,
  leads: 630,
  pipeline,
  rent,
  won: 142,
  firstStage: pipeline * 9 + 4,
  secondStage: pipeline * 9 + 8,
  objectType: 594001,
  house: 594101,
  address: 594003,
  withoutLimit,
  code,
  tokens,
  refreshes,
  revoke,
  expire,
  hooks,
  embedded,
  ids,
  includes,
  run,
};
