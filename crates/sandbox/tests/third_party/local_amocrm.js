// What the scripts of the npm clients share: the local amoCRM's control plane, tokens, and the last line. Each script is
// called with the address of the account "For You Real Estate" as its only argument.
'use strict';

const base = process.argv[2];
const clientId = 'sandbox';
const clientSecret = 'sandbox-secret';
const redirectUri = 'http://127.0.0.1:8080/api/amo-crm/callback';

const account = 31920194;

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
const withoutLimit = () => control('PATCH', '/faults', { rate_limit: 0 });

// A code as if the administrator had allowed the integration.
const code = async () => (await control('POST', '/codes', { account })).code;

const refreshes = async () => (await control('GET')).counters.refreshes;
const revoke = () => control('POST', '/revoke', { account });

// Runs `drive`, which says what it drove, and prints the line that the runner shows.
async function run(drive) {
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
  clientId,
  clientSecret,
  redirectUri,
  account,
  leads: 630,
  withoutLimit,
  code,
  refreshes,
  revoke,
  run,
};
