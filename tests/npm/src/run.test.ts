// Runs connect.ts, start.ts, shipped.ts, leads.ts, writes.ts and native-intent.ts against the service and the local amoCRM; the browser is played.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import {
  arrived, call, connect, parameters, proceed, resume, Refusal, type Attempt, type Outcome, type Phone,
} from './connect';
import { kept, walk, type Page, type Shelf } from './leads';
import { redirectSystemPath } from './native-intent';
import { arrivedAsShipped, connectAsShipped } from './shipped';
import { start } from './start';
import { pending, write } from './writes';

interface Setting { api: string; authUrl: string; jwts: Record<string, string>; requireClaim: boolean }
const { api, authUrl, jwts, requireClaim } = JSON.parse(process.env['SETTING'] ?? '') as Setting;

/** What the person does in the browser; the deep link, or null where they just close it. */
type Browse = Phone['browse'];

function phoneOf(user: string, browse: Browse): Phone & { kept: Attempt | null } {
  const jwt = jwts[user];
  assert(jwt, user);
  return {
    kept: null,
    api,
    jwt: async () => jwt,
    browse,
    async load() { return this.kept; },
    async save(attempt) { this.kept = attempt; },
  };
}

function decide(decision: 'allow' | 'deny'): Browse {
  return async (url) => {
    const form = new URL(url).searchParams;
    form.set('user', '10110001');
    form.set('decision', decision);
    const redirect = await fetch(authUrl, { method: 'POST', body: form, redirect: 'manual' });
    const page = await (await fetch(redirect.headers.get('location') ?? '')).text();
    const link = /data-link="([^"]+)"/.exec(page)?.[1];
    assert(link, page);
    return link.replaceAll('&amp;', '&');
  };
}

const killed = (browse: Browse): Browse => async (url) => { await browse(url); return null; };

test('allowed: connected, with leads', async () => {
  const phone = phoneOf('allows', decide('allow'));
  const outcome = await connect(phone);
  assert(outcome.is === 'connected');
  assert.equal(outcome.status.accountId, '31920194');
  assert.equal(phone.kept, null);
  assert.equal((await call<unknown[]>(phone, 'GET', '/leads?limit=5')).length, 5);
  assert.deepEqual(await resume(phone), outcome, 'a later start shows the same');
});

test('a development build comes back by its own link', async () => {
  let link: string | null = null;
  const phone: Phone = phoneOf('develops', async (url) => { link = await decide('allow')(url); return link; });
  phone.deepLink = 'foryoure-dev://amo-crm/callback';
  assert.equal((await connect(phone)).is, 'connected');
  assert(link!.startsWith('foryoure-dev://amo-crm/callback?'), link!);
  phone.deepLink = 'another://link';
  await assert.rejects(connect(phone), { status: 400, code: 'invalid_request' });
});

test('declined: nothing has changed', async () => {
  const phone = phoneOf('declines', decide('deny'));
  assert.deepEqual(await connect(phone), { is: 'declined' });
  assert.deepEqual(await resume(phone), { is: 'failed', reason: 'not_connected' });
  phone.browse = killed(decide('deny'));
  assert.deepEqual(await connect(phone), { is: 'declined' }, 'without the link too');
});

test('killed while the browser was in front: a cold start knows', async () => {
  let link: string | null = null;
  const phone = phoneOf('is killed', async (url) => { link = await decide('allow')(url); return null; });
  const outcome = await connect(phone);
  if (requireClaim) {
    assert.deepEqual(outcome, { is: 'open', reason: 'awaiting_claim' });
    assert.equal((await arrived(phone, link!)).is, 'connected');
  } else {
    assert.equal(outcome.is, 'connected');
  }
});

test('the browser closed too early: still open, and it can go on', async () => {
  let url = '';
  const phone = phoneOf('hesitates', async (opened) => { url = opened; return null; });
  assert.deepEqual(await connect(phone), { is: 'open', reason: 'pending' });
  phone.browse = async (opened) => { assert.equal(opened, url); return decide('allow')(opened); };
  assert.equal((await proceed(phone)).is, 'connected');
  assert.equal(phone.kept, null);
});

test('expired: the sixth attempt ends the first', async () => {
  const phone = phoneOf('begins often', async () => null);
  await connect(phone);
  const first = phone.kept;
  for (let more = 0; more < 5; more += 1) await connect(phone);
  phone.kept = first;
  assert.deepEqual(await resume(phone), { is: 'expired' });
  assert.equal(phone.kept, null);
});

test('a link that nobody asked for is left alone', async () => {
  const phone = phoneOf('is lured', async () => null);
  const foreign = await decide('allow')(`${authUrl}?client_id=sandbox&state=someone`);
  assert.deepEqual(await arrived(phone, foreign!), { is: 'not_ours' });
  await connect(phone);
  assert.deepEqual(await arrived(phone, foreign!), { is: 'not_ours' });
  for (const link of ['', '?', '&', '=', '%', '?state', '?state=%', '?state=%ff&code=x', '?__proto__=x']) {
    assert.deepEqual(await arrived(phone, `foryoure://amo-crm/callback${link}`), { is: 'not_ours' }, link);
  }
  phone.kept = null;
  assert.deepEqual(await arrived(phone, 'foryoure://amo-crm/callback?code=x'), { is: 'not_ours' });
  assert.deepEqual(await resume(phone), { is: 'failed', reason: 'not_connected' });
});

test('the shipped app: its own state, then the claim', async () => {
  const phone = phoneOf('has the shipped app', decide('allow'));
  const outcome = await connectAsShipped(phone, authUrl, 'sandbox', 'somebody else', '0.42');
  assert.equal(outcome.is, 'connected');
  const other = phoneOf('has it too', decide('deny'));
  assert.deepEqual(await connectAsShipped(other, authUrl, 'sandbox', '7', '0.43'), { is: 'declined' });
});

test('the shipped app, killed while the browser was in front: the link that starts it is claimed', async () => {
  let link: string | null = null;
  const phone = phoneOf('has it and is killed', async (url) => { link = await decide('allow')(url); return null; });
  assert.deepEqual(await connectAsShipped(phone, authUrl, 'sandbox', '7', '0.44'), { is: 'open', reason: 'pending' });
  assert.deepEqual(await resume(phone), { is: 'failed', reason: 'not_connected' });
  assert.deepEqual(await arrivedAsShipped(phone, `${link!}x`), { is: 'not_ours' });
  const unreachable = 'foryoure://amo-crm/callback?error=crm_unavailable&state=';
  const state = encodeURIComponent(phone.kept?.state ?? '');
  assert.deepEqual(await arrivedAsShipped(phone, unreachable + state), { is: 'open', reason: 'crm_unavailable' });
  assert.equal((await arrivedAsShipped(phone, link!)).is, 'connected');
  assert.equal(phone.kept, null);
});

test('from the start on: a cold start by the link, then the front, then a link while it runs', async () => {
  let link: string | null = null;
  const phone = phoneOf('starts cold', async (url) => { link = await decide('allow')(url); return null; });
  await connect(phone);
  const heard = { url: (_: { url: string }) => {}, change: (_: string) => {} };
  const outcomes: Outcome[] = [];
  let come = () => {};
  const shown = async () => {
    if (outcomes.length === 0) await new Promise<void>((done) => { come = done; });
    return outcomes.shift();
  };
  const system = {
    Linking: {
      getInitialURL: async () => link,
      addEventListener: (_: 'url', listener: typeof heard.url) => {
        heard.url = listener;
        return { remove() { heard.url = () => {}; } };
      },
    },
    AppState: {
      addEventListener: (_: 'change', listener: typeof heard.change) => {
        heard.change = listener;
        return { remove() { heard.change = () => {}; } };
      },
    },
  };
  const end = start(phone, system, (outcome) => { outcomes.push(outcome); come(); }, (error) => { throw error; });
  assert.equal((await shown())?.is, 'connected');
  assert.equal(phone.kept, null);
  heard.change('background');
  heard.url({ url: 'foryoure://amo-crm/callback?code=x&state=somebody' });
  heard.change('active');
  assert.equal((await shown())?.is, 'connected', 'a link of nobody is not shown');
  phone.browse = async (url) => { link = await decide('deny')(url); return null; };
  heard.url({ url: link! });
  assert.deepEqual(await connect(phone), { is: 'declined' });
  end();
  heard.change('active');
  heard.url({ url: link! });
  assert.deepEqual(outcomes, []);
});

test('a code that is another user’s is given up, a bad minute is not', async () => {
  let link: string | null = null;
  const hers = phoneOf('has a thief', async (url) => { link = await decide('allow')(url); return link; });
  assert.equal((await connect(hers)).is, 'connected');
  const his = phoneOf('is a thief', async () => null);
  const stolen = () => { his.kept = { attemptId: '', state: parameters(link!)['state']!, authorizationUrl: '' }; };
  stolen();
  await assert.rejects(arrivedAsShipped(his, link!), { status: 409, code: 'code_belongs_to_another_user' });
  assert.equal(his.kept, null);

  const proxy = createServer((_, answer) => answer.writeHead(502).end('<h1>Bad Gateway</h1>')).listen(0, '127.0.0.1').unref();
  await new Promise((done) => proxy.once('listening', done));
  his.api = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  stolen();
  await assert.rejects(arrivedAsShipped(his, link!), { status: 502, code: 'no_answer' });
  assert.notEqual(his.kept, null);
  proxy.close();
});

test('a refusal has a code for the program and a sentence for the person', async () => {
  const phone = phoneOf('is nobody', decide('allow'));
  phone.jwt = async () => 'not a JWT';
  await assert.rejects(connect(phone), (refusal) =>
    refusal instanceof Refusal && refusal.status === 401 && refusal.code === 'unauthorized' && refusal.message !== '');
});

test('every value of a link is read as it was written', () => {
  assert.deepEqual(parameters('foryoure://amo-crm/callback?from=a&code=x%2B%3D%26%20y&state=s'),
    { from: 'a', code: 'x+=& y', state: 's' });
  assert.deepEqual(parameters('foryoure://amo-crm/callback'), { '': '' });
});

test('leads: a walk by pages, again with nothing but 304, and without a network', async () => {
  const phone = phoneOf('reads offline', decide('allow'));
  assert.equal((await connect(phone)).is, 'connected');
  const pages = new Map<string, Page>();
  const shelf: Shelf = {
    read: async (path) => pages.get(path) ?? null,
    write: async (path, page) => { pages.set(path, page); },
  };
  assert.deepEqual(await kept(shelf), [], 'nothing is kept yet');
  const seen: number[] = [];
  const { fetch } = globalThis;
  globalThis.fetch = async (...request) => {
    const response = await fetch(...request);
    seen.push(response.status);
    return response;
  };
  try {
    const first = await walk(phone, shelf);
    assert.equal(first.length, 630);
    assert.deepEqual(seen.splice(0), [200, 200, 200]);
    assert.deepEqual(await walk(phone, shelf), first);
    assert.deepEqual(seen.splice(0), [304, 304, 304], 'the second walk brings nothing');
    pages.get('/leads?page=1&limit=250')!.etag = '"another"';
    assert.deepEqual(await walk(phone, shelf), first, 'a page that has changed is read anew');
    assert.deepEqual(seen, [200, 304, 304]);
    phone.api = 'http://127.0.0.1:1';
    await assert.rejects(walk(phone, shelf));
    assert.deepEqual(await kept(shelf), first);
  } finally {
    globalThis.fetch = fetch;
  }
});

test('a write is repeated with its key until it is certain, and made once', async () => {
  const phone = phoneOf('writes', decide('allow'));
  assert.equal((await connect(phone)).is, 'connected');
  const [first] = await call<{ amoLeadId: number }[]>(phone, 'GET', '/leads?limit=1');
  const path = `/leads/${first!.amoLeadId}/notes`;
  const order = pending('POST', path, { text: `Written ${Math.random()}` });
  const { fetch } = globalThis;
  const fates = ['no network', 'answer lost', 'as usual'];
  const pauses: number[] = [];
  globalThis.fetch = async (...request) => {
    const fate = fates.shift();
    if (fate === 'no network') throw new TypeError('fetch failed');
    const response = await fetch(...request);
    if (fate === 'answer lost') throw new TypeError('fetch failed');
    return response;
  };
  try {
    const note = await write<{ id: number; text: string }>(phone, order, async (time) => { pauses.push(time); });
    assert.equal(note.text, (order.body as { text: string }).text);
    const again = await write<{ id: number }>(phone, order);
    assert.equal(again.id, note.id, 'a later start of the app gets the same');
    const notes = await call<{ id: number; text: string | null }[]>(phone, 'GET', path);
    assert.deepEqual(notes.filter(({ text }) => text === note.text).map(({ id }) => id), [note.id]);
    assert.deepEqual(pauses, [1000, 2000]);
  } finally {
    globalThis.fetch = fetch;
  }
  await assert.rejects(write(phone, pending('POST', path, {})), { status: 400, code: 'invalid_request' });
  await assert.rejects(write(phone, { ...order, body: { text: 'Another' } }), { status: 422, code: 'idempotency_key_reused' });
});

test('expo-router gets a screen instead of our link, and every other path as it is', () => {
  const query = '?success=true&code=x&state=s';
  for (const path of ['foryoure://amo-crm/callback', '/amo-crm/callback', 'https://app.example.com/amo-crm/callback']) {
    assert.equal(redirectSystemPath({ path: path + query, initial: true }), '/');
    assert.equal(redirectSystemPath({ path, initial: false }), '/');
  }
  for (const path of ['/', '/leads/7', '/amo-crm/callbacks', '/leads?next=/amo-crm/callback', 'foryoure://amo-crm']) {
    assert.equal(redirectSystemPath({ path, initial: false }), path);
  }
});
