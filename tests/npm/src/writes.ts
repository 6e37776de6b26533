// Writing: each write has a key, and is repeated with it until it is certain.
import { answered, Refusal, type Phone } from './connect';

/** A write that is not certain yet: keep it where it outlives the app, and forget it when `write` is done with it. */
export interface Pending { key: string; method: 'POST' | 'PATCH'; path: string; body: object }

export function pending(method: Pending['method'], path: string, body: object): Pending {
  return { key: crypto.randomUUID(), method, path, body };
}

/** What was written, or a `Refusal`: then nothing was, except before a 401 or a 409, where an earlier try may have. */
export async function write<T>(phone: Phone, order: Pending, pause = wait): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    const response = await send(phone, order).catch(() => null); // no network, or no answer
    try {
      if (response !== null) return (await answered(response)).data;
    } catch (refusal) {
      if (!(refusal instanceof Refusal) || isCertain(refusal)) throw refusal;
    }
    const wanted = Number(response?.headers.get('Retry-After') ?? 0);
    await pause(Math.max(wanted, Math.min(2 ** tries, 30)) * 1000);
  }
}

async function send(phone: Phone, { key, method, path, body }: Pending): Promise<Response> {
  const headers = {
    Authorization: `Bearer ${await phone.jwt()}`, 'Content-Type': 'application/json', 'Idempotency-Key': key,
  };
  return fetch(phone.api + path, { method, headers, body: JSON.stringify(body) });
}

/** 4xx, except those that pass: too many requests, a body that came too slowly, this very key under way. */
function isCertain({ status, code }: Refusal): boolean {
  return status < 500 && status !== 408 && status !== 429 && code !== 'request_in_progress' && code !== 'no_answer';
}

const wait = (time: number) => new Promise<void>((done) => { setTimeout(done, time); });
