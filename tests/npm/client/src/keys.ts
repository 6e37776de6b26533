// What a client that is made from the document needs for writes: a key for each, made for the caller.
import type { Middleware } from 'openapi-fetch';

/** The paths whose `POST` and `PATCH` are writes. */
const WRITES = /\/(leads|tasks)(\/|$)/;

/** Gives each write an `Idempotency-Key`, unless its caller has given one: who repeats a write names its key. */
export const keys: Middleware = {
  onRequest({ request }) {
    const isWrite = ['POST', 'PATCH'].includes(request.method) && WRITES.test(new URL(request.url).pathname);
    if (isWrite && !request.headers.has('Idempotency-Key')) request.headers.set('Idempotency-Key', crypto.randomUUID());
    return request;
  },
};
