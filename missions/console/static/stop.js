// STOP: on a WebSocket of its own and by HTTP at once, again and again until the robot has confirmed it.
import { effect, signal } from "@preact/signals";
import { address, ended, state } from "./link.js";

const AGAIN_MS = 500;

export const unconfirmed = signal(false);

let socket = null;
let stopsBefore = 0; // heard by the robot before this one

export function openStop() {
  socket = new WebSocket(address("ws/stop"));
  socket.onmessage = (event) => settle(JSON.parse(event.data));
  socket.onclose = () => {
    if (!ended.value) setTimeout(openStop, AGAIN_MS);
  };
}

export function stop() {
  stopsBefore = state.value?.stops ?? 0;
  unconfirmed.value = true;
  send();
}

function send() {
  if (socket?.readyState === WebSocket.OPEN) socket.send('{"type":"stop"}');
  fetch("api/stop", { method: "POST" })
    .then((answer) => answer.json())
    .then(settle)
    .catch(() => {}); // no way through: it is sent again until there is one
}

function settle(answer) {
  if (answer.latched) unconfirmed.value = false;
}

setInterval(() => {
  if (unconfirmed.value) send();
}, AGAIN_MS);

// The robot's own word counts as well.
effect(() => {
  if (state.value?.stopped && state.value.stops > stopsBefore) unconfirmed.value = false;
});
