// The connection to the server: the newest state in, numbered messages out, and how old everything is.
import { batch, computed, signal } from "@preact/signals";

const ALIVE_MS = 50;
const LOST_MS = 500; // without a state for so long the link counts as lost
const AGAIN_MS = 500; // between two attempts to connect
const ANSWER_MS = 3000;
const FINAL = ["replaced", "revoked"]; // after these it does not connect again by itself

export const hello = signal(null);
export const state = signal(null);
export const ended = signal(""); // why the server has ended the connection for good
export const refusal = signal(null); // the last order that was refused: {why, detail}
export const linked = signal(false);
export const outage = signal(null); // of the last lost link: {from, to}, to = null while it lasts
export const ageMs = signal(null); // of what is shown

let socket = null;
let sequence = 0;
let newest = { t_ms: 0, arrived: 0 };
const waiting = new Map(); // sequence number -> resolve

export const mode = computed(() => state.value?.mode ?? null);
export const me = computed(() => hello.value?.client ?? null);
export const role = computed(() => hello.value?.role ?? null);
export const holder = computed(() => state.value?.authority.holder ?? "");
export const driving = computed(() => me.value !== null && holder.value === me.value);
export const fresh = computed(() => linked.value && state.value?.robot.connected === true);
export const roundTripMs = computed(
  () => state.value?.clients.find((client) => client.client === me.value)?.round_trip_ms ?? null,
);

export const address = (path) => `${location.origin.replace(/^http/, "ws")}/${path}`;

export function connect() {
  socket = new WebSocket(address("ws"));
  socket.onmessage = (event) => receive(JSON.parse(event.data));
  socket.onclose = () => {
    waiting.forEach((resolve) => resolve({ ok: false, why: "bad_echo" }));
    waiting.clear();
    if (!ended.value) setTimeout(connect, AGAIN_MS);
  };
}

function receive(message) {
  if (message.t_ms >= newest.t_ms) newest = { t_ms: message.t_ms, arrived: performance.now() };
  if (message.type === "state") {
    batch(() => {
      state.value = message;
      watch();
    });
  } else if (message.type === "hello") {
    sequence = message.seq;
    hello.value = message;
  } else if (message.type === "ack") {
    waiting.get(message.seq)?.(message);
    waiting.delete(message.seq);
  } else if (message.type === "answered" && !message.grant) {
    refusal.value = { why: "not_granted", detail: message.by };
  } else if (message.type === "bye" && FINAL.includes(message.reason)) {
    ended.value = message.reason;
  }
}

// How old the newest state is, and since when none has come.
function watch() {
  const silent = performance.now() - newest.arrived;
  const lost = silent > LOST_MS;
  ageMs.value = state.value ? Math.round(silent + (state.value.robot.age_ms ?? 0)) : null;
  if (lost && linked.value) outage.value = { from: Date.now() - silent, to: null };
  if (!lost && outage.value?.to === null) outage.value = { ...outage.value, to: Date.now() };
  linked.value = state.value !== null && !lost;
}

// The time of the server's clock now, as far as this end can tell.
export const serverMs = () => newest.t_ms + performance.now() - newest.arrived;

function send(type, fields) {
  if (socket?.readyState !== WebSocket.OPEN || hello.value === null) return null;
  sequence += 1;
  const held_ms = performance.now() - newest.arrived;
  socket.send(JSON.stringify({ type, seq: sequence, echo: newest.t_ms, held_ms, ...fields }));
  return sequence;
}

// Say something that is not answered.
export const tell = (type, fields = {}) => send(type, fields) !== null;

// Say something; true when the server has taken it, else the reason is in `refusal`.
export async function say(type, fields = {}) {
  refusal.value = null;
  const number = send(type, fields);
  const answer = number === null ? { ok: false, why: "no_link" } : await answerTo(number);
  if (!answer.ok) refusal.value = { why: answer.why, detail: answer.detail ?? "" };
  return answer.ok;
}

function answerTo(number) {
  return new Promise((resolve) => {
    waiting.set(number, resolve);
    setTimeout(() => {
      if (waiting.delete(number)) resolve({ ok: false, why: "no_answer" });
    }, ANSWER_MS);
  });
}

export const act = (action, argument = "") => say("act", { action, argument });

// The heartbeat: only while somebody can see the page.
setInterval(() => {
  if (document.visibilityState === "visible") tell("alive");
}, ALIVE_MS);
setInterval(watch, 200);
