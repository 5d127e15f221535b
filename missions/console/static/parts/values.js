// Figures as people read them: one number, its unit, and a colour only when it is not as it should be.
import { html } from "htm/preact";
import { fresh, state } from "../link.js";
import { t } from "../texts.js";

export const fixed = (value, digits) => (value === null || value === undefined ? "–" : value.toFixed(digits));

export function minutes(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  const whole = Math.max(Math.round(seconds), 0);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

function Value({ label, text, unit, big, wrong }) {
  return html`<div class="value ${big ? "big" : ""} ${wrong ? "wrong" : ""} ${fresh.value ? "" : "old"}">
    <span class="label">${label}</span>
    <span class="figure">${wrong && html`<i aria-hidden="true">▲</i>`}${text}<small>${unit}</small></span>
  </div>`;
}

const TENSION_BAND = 0.2; // of the set point
const PITCH_BAND = 0.1;
const ROLL_DEG = 10;

const off = (value, wanted, share) =>
  value !== null && wanted !== null && Math.abs(value - wanted) > share * wanted;

export const Position = () => html`<${Value} big label=${t("ui.position")}
  text=${fixed(state.value?.values?.chainage_m, 2)} unit="m" />`;

export const Speed = () => html`<${Value} label=${t("ui.speed")}
  text=${fixed(state.value?.values?.speed_mps, 2)} unit="m/s" />`;

export function Tension({ wrapping }) {
  const { tension_n = null, tension_set_n = null } = state.value?.values ?? {};
  const wrong = wrapping && off(tension_n, tension_set_n, TENSION_BAND);
  return html`<${Value} label=${t("ui.tension")} text=${fixed(tension_n, 1)}
    unit=${`/ ${fixed(tension_set_n, 0)} N`} wrong=${wrong} />`;
}

export function Pitch({ wanted, wrapping }) {
  const pitch = state.value?.values?.pitch_m ?? null;
  return html`<${Value} label=${t("ui.pitch")} text=${fixed(pitch, 2)} unit="m"
    wrong=${wrapping && off(pitch, wanted, PITCH_BAND)} />`;
}

export function Roll() {
  const roll = state.value?.values?.roll_deg ?? null;
  return html`<${Value} label=${t("ui.roll")} text=${fixed(roll, 1)} unit="°"
    wrong=${roll !== null && Math.abs(roll) > ROLL_DEG} />`;
}

export const Slope = () => html`<${Value} label=${t("ui.slope")}
  text=${fixed(state.value?.values?.slope_deg, 1)} unit="°" />`;

export const Ahead = () => html`<${Value} label=${t("ui.ahead")}
  text=${fixed(state.value?.values?.distance_to_feature_m, 2)} unit="m" />`;

export const Coil = () => html`<${Value} label=${t("ui.coil")}
  text=${fixed(state.value?.values?.coil_m, 1)} unit="m" />`;

export const TimeLeft = () => html`<${Value} label=${t("ui.time_left")}
  text=${minutes(state.value?.job?.left_s)} unit="min" />`;
