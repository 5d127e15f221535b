// Sound: every new alarm is said once, a grave one again every 10 s until somebody has read it.
import { effect } from "@preact/signals";
import { state } from "./link.js";

const AGAIN_MS = 10_000;
const PATTERNS = { warning: [440], alarm: [660, 660], safety: [880, 880, 880] }; // one tone after another, in Hz

let audio = null; // browsers allow sound only after a touch
const said = new Map(); // alarm -> when, by its begin

export function beep(severity) {
  audio ??= new AudioContext();
  audio.resume();
  (PATTERNS[severity] ?? []).forEach((pitch, number) => {
    const tone = audio.createOscillator();
    const from = audio.currentTime + number * 0.3;
    tone.frequency.value = pitch;
    tone.type = "square";
    tone.connect(audio.destination);
    tone.start(from);
    tone.stop(from + 0.2);
  });
}

// The first touch opens the sound.
addEventListener("pointerdown", () => (audio ??= new AudioContext()).resume(), { once: true, capture: true });

effect(() => {
  const alarms = state.value?.alarms ?? [];
  const names = new Set(alarms.map((alarm) => alarm.id));
  for (const name of said.keys()) if (!names.has(name)) said.delete(name);
  const now = performance.now();
  const due = alarms.find(
    ({ id, severity, acknowledged }) =>
      !acknowledged && (!said.has(id) || (severity === "safety" && now - said.get(id) > AGAIN_MS)),
  );
  if (!due || audio === null) return;
  for (const alarm of alarms) said.set(alarm.id, now); // the gravest speaks for those that came with it
  beep(due.severity);
});
