// What changes seldom: fetched when the server says that it has changed, kept for whoever shows it.
import { effect, signal } from "@preact/signals";
import { hello, state } from "./link.js";

const found = {}; // address -> signal

export async function fetchJson(path) {
  const answer = await fetch(`api/${path}`);
  return answer.ok ? answer.json() : null;
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
      fetchJson(path).then((answer) => (value.value = answer ?? value.value));
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
