// app/+native-intent.ts: without it expo-router looks for a screen by the link's path, and shows "Unmatched Route".
const CALLBACK = /^([^?]*\/)?amo-crm\/callback(\?|$)/;

/** The link itself comes to `start`; the router gets a screen, and never the code. */
export function redirectSystemPath({ path }: { path: string; initial: boolean }): string {
  return CALLBACK.test(path) ? '/' : path;
}
