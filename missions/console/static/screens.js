// Which screen is shown; its name stands behind the # of the address.
import { signal } from "@preact/signals";

export const NAMES = [
  "connect", "checks", "drive", "job", "assist", "alarms", "trends", "parameters", "logs", "health", "observer",
];

const asked = () => (NAMES.includes(location.hash.slice(1)) ? location.hash.slice(1) : "connect");

export const screen = signal(asked());
export const menuOpen = signal(false);

export function show(name) {
  menuOpen.value = false;
  screen.value = name;
  history.replaceState(null, "", `#${name}`);
}

addEventListener("hashchange", () => (screen.value = asked()));
