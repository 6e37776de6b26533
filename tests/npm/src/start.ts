// From the start of the app on: the link that started it, links while it runs, coming to the front.
import { arrived, resume, type Outcome, type Phone } from './connect';

/** React Native's `Linking` and `AppState`, as far as they are used here. */
export interface System {
  Linking: {
    getInitialURL(): Promise<string | null>;
    addEventListener(type: 'url', listener: (event: { url: string }) => void): { remove(): void };
  };
  AppState: { addEventListener(type: 'change', listener: (state: string) => void): { remove(): void } };
}

/** `show` is given every outcome in its turn; `fail` what was rejected. The result ends it. */
export function start(
  phone: Phone, { Linking, AppState }: System, show: (outcome: Outcome) => void, fail: (error: unknown) => void,
): () => void {
  let turn: Promise<void> = Promise.resolve();
  const next = (work: () => Promise<Outcome>) => {
    // One after the other: a link and the app's coming to the front arrive together.
    turn = turn.then(work).then((outcome) => { if (outcome.is !== 'not_ours') show(outcome); }).catch(fail);
  };
  const listeners = [
    Linking.addEventListener('url', ({ url }) => next(() => arrived(phone, url))),
    AppState.addEventListener('change', (state) => { if (state === 'active') next(() => resume(phone)); }),
  ];
  next(async () => {
    const link = await Linking.getInitialURL();
    const outcome: Outcome = link === null ? { is: 'not_ours' } : await arrived(phone, link);
    return outcome.is === 'not_ours' ? resume(phone) : outcome;
  });
  return () => listeners.forEach((listener) => listener.remove());
}
