// The whole flow by a client that is made from the document: what it sends and reads is typed by it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import createClient from 'openapi-fetch';
import { keys } from './keys.js';
import type { components, paths } from './schema.js';

type Schemas = components['schemas'];
interface Setting { base: string; jwt: string; code: string; referer: string; account: string }
const { base, jwt, code, referer, account } = JSON.parse(process.env['SETTING'] ?? '') as Setting;
const client = createClient<paths>({ baseUrl: base, headers: { Authorization: `Bearer ${jwt}` } });
client.use(keys);

/** A switch that the compiler knows to be whole: it fails where a state is added and nobody has thought of it. */
function isOver(state: Schemas['AttemptState']): boolean {
  switch (state) {
    case 'pending': case 'exchanging': case 'awaiting_claim': return false;
    case 'connected': case 'denied': case 'expired': case 'failed': return true;
  }
}

test('a refusal has a code and names the field', async () => {
  const { error, response } = await client.GET('/api/amo-crm/leads', { params: { query: { limit: 251 } } });
  assert.equal(response.status, 400);
  const problem: Schemas['Problem'] | undefined = error;
  assert.equal(problem?.code, 'invalid_request');
  assert.equal(problem?.field, 'limit');
});

test('an attempt, the browser, the leads, the end', async () => {
  const begun = await client.POST('/api/amo-crm/authorize', { body: {} });
  assert(begun.data, JSON.stringify(begun.error));
  const { attemptId, state } = begun.data.data;

  const page = await client.GET('/api/amo-crm/callback', { params: { query: { code, state, referer } }, parseAs: 'text' });
  assert.equal(page.response.status, 200);
  const attempt = await client.GET('/api/amo-crm/authorize/{attemptId}', { params: { path: { attemptId } } });
  assert(attempt.data, JSON.stringify(attempt.error));
  assert(isOver(attempt.data.data.state));
  assert.equal(attempt.data.data.reason, null);

  const claimed = await client.POST('/api/amo-crm/exchange-code', { body: { code, state } });
  assert.equal(claimed.data?.message, 'AMO CRM successfully connected');
  const status = await client.GET('/api/amo-crm/status');
  assert.equal(status.data?.data.accountId, account);
  assert.equal(status.data?.data.problem, null);

  const pipelines = await client.GET('/api/amo-crm/pipelines');
  const pipeline = pipelines.data?.data[0];
  assert(pipeline);
  const stages = await client.GET('/api/amo-crm/pipelines/{id}/stages', { params: { path: { id: pipeline.id } } });
  assert.deepEqual(stages.data?.data, pipeline.stages);

  const found: Schemas['Lead'][] = [];
  for (let page = 1, more = true; more; page += 1) {
    const list = await client.GET('/api/amo-crm/leads', { params: { query: { page, limit: 250, status: 'NEW' } } });
    assert(list.data, JSON.stringify(list.error));
    found.push(...list.data.data);
    more = list.data.hasMore;
  }
  assert(found.length > 0 && found.every((lead) => lead.status === 'NEW'));
  const amoLeadId = found[0]!.amoLeadId;
  const lead = await client.GET('/api/amo-crm/leads/{amoLeadId}', { params: { path: { amoLeadId } } });
  assert(lead.data, JSON.stringify(lead.error));
  const { customFields, lossReason, contacts, missing, ...members } = lead.data.data;
  assert.deepEqual(members, found[0]);
  const values: Schemas['CustomValue'][] = customFields.flatMap((field) => field.values);
  assert(values.every((value) => value.value !== undefined));
  assert.equal(lossReason, null);
  assert.deepEqual(missing, []);
  assert.equal(contacts?.find((contact) => contact.isMain)?.name ?? null, members.guestName);
  const whole = await client.GET('/api/amo-crm/leads/{amoLeadId}', { params: { path: { amoLeadId }, query: { include: 'notes,tasks,events' } } });
  const notes = await client.GET('/api/amo-crm/leads/{id}/notes', { params: { path: { id: amoLeadId } } });
  assert.deepEqual(whole.data?.data.notes, notes.data?.data);
  const tasks = await client.GET('/api/amo-crm/tasks', { params: { query: { isCompleted: false, order: 'completeTill', limit: 1 } } });
  const me = await client.GET('/api/amo-crm/me');
  assert.equal(me.data?.data.accountId, account);
  const users: Schemas['User'][] | undefined = (await client.GET('/api/amo-crm/users')).data?.data;
  assert(users?.some((user) => user.id === me.data?.data.userId && user.isActive));
  const mine = await client.GET('/api/amo-crm/leads', { params: { query: { responsibleUserId: 'me', limit: 1 } } });
  assert(mine.data?.data.every((lead) => lead.responsibleUserId === me.data?.data.userId));
  const task: Schemas['NamedTask'] | undefined = tasks.data?.data[0];
  assert.equal(typeof task?.leadName, 'string');

  const seen: (string | null)[] = [];
  client.use({ onRequest: ({ request }) => { seen.push(request.headers.get('Idempotency-Key')); } });
  const made = await client.POST('/api/amo-crm/leads', {
    body: { name: 'By a client', guestName: 'Maria', guestPhone: '+380671234567', comment: 'Wants a balcony', tags: ['VIP'] },
  });
  assert(made.data, JSON.stringify(made.error));
  const key = seen[0];
  assert.match(key ?? '', /^[0-9a-f-]{36}$/);
  const own = { params: { path: { amoLeadId: made.data.data.amoLeadId } } };
  assert.equal(made.data.data.guestName, 'Maria');
  const changed = await client.PATCH('/api/amo-crm/leads/{amoLeadId}', { ...own, body: { stageId: 142, price: 7 } });
  assert.equal(changed.data?.data.status, 'CLOSED');
  assert.notEqual(seen[1], key);
  const id = made.data.data.amoLeadId;
  const header = { 'Idempotency-Key': key! };
  const repeated = await client.POST('/api/amo-crm/leads', {
    params: { header },
    body: { name: 'By a client', guestName: 'Maria', guestPhone: '+380671234567', comment: 'Wants a balcony', tags: ['VIP'] },
  });
  assert.equal(repeated.response.headers.get('Idempotency-Replayed'), 'true');
  assert.deepEqual([repeated.data?.data.amoLeadId, repeated.data?.data.price], [id, 7]);
  const note = await client.POST('/api/amo-crm/leads/{id}/notes', { params: { path: { id } }, body: { text: 'Called' } });
  assert.equal(note.data?.data.text, 'Called');
  const toDo = await client.POST('/api/amo-crm/leads/{id}/tasks', {
    params: { path: { id } }, body: { text: 'Call back', completeTill: '2026-12-24T11:00:00+02:00' },
  });
  assert(toDo.data, JSON.stringify(toDo.error));
  const done = await client.PATCH('/api/amo-crm/tasks/{id}', {
    params: { path: { id: toDo.data.data.id } }, body: { isCompleted: true, result: 'She will come' },
  });
  assert.equal(done.data?.data.isCompleted, true);
  const both = await client.GET('/api/amo-crm/leads/{id}/notes', { params: { path: { id } } });
  assert.deepEqual(both.data?.data.map(({ text }) => text), ['Called', 'Wants a balcony']);

  const ended = await client.POST('/api/amo-crm/disconnect', { body: {} });
  assert.equal(ended.data?.message, 'AMO CRM disconnected');
  const refused = await client.GET('/api/amo-crm/leads');
  assert.equal(refused.error?.code, 'not_connected');
});
