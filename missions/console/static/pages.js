// What changes seldom: fetched when the server says that it has changed, kept for whoever shows it.
import { effect, signal } from "@preact/signals";
import { hello, state } from "./link.js";

const found = {}; // address -> signal

// The answer of an address, null when there is none: the link may be lost at any moment.
export async function fetchJson(path) {
  try {
    const answer = await fetch(`api/${path}`);
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  }
}

// The newest answer of an address, null until there is one; `changes` names its counter in the states.
function page(path, changes) {
  if (!found[path]) {
    const value = (found[path] = signal(null));
    let seen;
    effect(() => {
      const count = changes ? state.value?.changed[changes] : 0;
      if (hello.value === null || count === seen) return;
      seen = count;
      fetchJson(path).then((answer) => {
        if (answer === null) seen = undefined; // the next state asks again
        else value.value = answer;
      });
    });
  }
  return found[path].value;
}

export const line = () => page("line");
export const plan = () => page("plan", "plan");
export const crossings = () => page("crossings", "plan");
export const checks = () => page("checks", "checks");
export const alarmBook = () => page("alarms", "alarms");
export const parameters = () => page("parameters", "parameters");
export const logs = () => page("logs", "logs");
export const tokens = () => page("tokens", "tokens");
