// The robot from the side: which carriages are clamped, open or lifted, the guide, and where the rotor stands.
import { html } from "htm/preact";
import { t } from "../texts.js";

const NAMES = ["rear", "middle", "front"]; // left to right; the robot drives to the right
const LEFT = { rear: 70, middle: 160, front: 250 };

// `grips` names the state of front, middle and rear; `planned` draws it dashed.
export function Stance({ grips, rotorDeg, guide, planned, title }) {
  const words = NAMES.map((name) => `${t(`carriages.${name}`)}: ${grips[name] ? t(`carriages.${grips[name]}`) : "–"}`);
  return html`<figure class="stance ${planned ? "planned" : ""}">
    <figcaption>${title}</figcaption>
    <svg viewBox="0 0 300 120" role="img" aria-label=${words.join(", ")}>
      <path class="conductor" d="M0 62H300" />
      <path class="body" d="M60 20H262" />
      ${NAMES.map((name) => html`<${Carriage} x=${LEFT[name]} state=${grips[name]} key=${name} />`)}
      <${Rotor} deg=${rotorDeg} />
      ${guide && html`<path class="guide" d=${guide === "retracted" ? "M8 96v14" : "M8 68v42"} />`}
    </svg>
    <div class="words">${NAMES.map((name) => html`<span>${grips[name] ? t(`carriages.${grips[name]}`) : "–"}</span>`)}</div>
  </figure>`;
}

function Carriage({ x, state }) {
  const wheel = state === "lifted" ? 28 : 46;
  return html`<g class="carriage ${state ?? ""}">
    <path d=${`M${x} 20V${wheel}`} />
    <circle cx=${x} cy=${wheel} r="13" />
    ${state === "clamped"
      ? html`<circle cx=${x} cy="76" r="10" />`
      : html`<path d=${`M${x + 14} 40l10 22`} />`}
  </g>`;
}

function Rotor({ deg }) {
  if (deg === null || deg === undefined) return html`<circle class="ring" cx="26" cy="62" r="22" />`;
  const turn = (deg * Math.PI) / 180;
  const [x, y] = [26 + 22 * Math.sin(turn), 62 - 22 * Math.cos(turn)];
  return html`<g><circle class="ring" cx="26" cy="62" r="22" /><circle class="cradle" cx=${x} cy=${y} r="8" /></g>`;
}

// What the robot's stance is now, as `Stance` takes it.
export function stanceOf(state) {
  const [front, middle, rear] = state.carriages.map((one) => one.state);
  return { grips: { front, middle, rear }, rotorDeg: state.values.rotor_deg, guide: state.guide };
}
