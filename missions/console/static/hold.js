// Hold to run: something is repeated 20 times a second for as long as a finger stays on its button, and for nothing
// longer. Whatever takes the page or the finger away ends it; only a new touch begins again.
import { effect, signal } from "@preact/signals";
import { fresh } from "./link.js";

const EVERY_MS = 50;
const CONTACTS_MAX = 2; // more are rain, or a sleeve

export const held = signal(null); // name of what is held

let running = null; // {timer, end}
const contacts = new Set();

export function begin(name, repeat, end) {
  release();
  if (!fresh.value) return;
  repeat();
  running = { timer: setInterval(repeat, EVERY_MS), end };
  held.value = name;
}

export function release() {
  if (running === null) return;
  clearInterval(running.timer);
  running.end();
  running = null;
  held.value = null;
}

// What a button needs to be held to run.
export const holding = (name, repeat, end) => ({
  onPointerDown: (event) => {
    if (event.button !== 0 || contacts.size > CONTACTS_MAX) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    begin(name, repeat, end);
  },
  onPointerUp: release,
  onPointerCancel: release,
  onLostPointerCapture: release,
  onContextMenu: (event) => event.preventDefault(),
});

addEventListener("blur", release);
addEventListener("pagehide", release);
document.addEventListener("visibilitychange", release);
effect(() => {
  if (!fresh.value) release();
});

const lifted = (event) => contacts.delete(event.pointerId);
addEventListener("pointerdown", (event) => {
  if (event.pointerType !== "touch") return;
  contacts.add(event.pointerId);
  if (contacts.size > CONTACTS_MAX) release();
}, true);
addEventListener("pointerup", lifted, true);
addEventListener("pointercancel", lifted, true);
