// Obstacle assist: why the robot holds, what may be chosen, and each step of the crossing by hand, held to run.
import { html } from "htm/preact";
import { signal } from "@preact/signals";
import { act, driving, fresh, mode, state } from "../link.js";
import { crossings, line } from "../pages.js";
import { holding, held, release } from "../hold.js";
import { jog, jogSpeed } from "../orders.js";
import { named, t } from "../texts.js";
import { AskControl, Order, Reset } from "../parts/buttons.js";
import { Sheet } from "../parts/sheet.js";
import { Stance, stanceOf } from "../parts/stance.js";
import { expectsText, stepText } from "../parts/words.js";
import { nearest, nextJog } from "../steps.js";

const treating = signal(false); // the list of kinds is open
const chosen = signal(0); // step of the crossing

export function Main() {
  const now = state.value;
  if (!now?.values) return html`<p>${t("ui.waiting")}</p>`;
  const holdsNow = mode.value === "HOLD";
  return html`<div class="scroll" tabindex="0">
    <h1>${holdsNow ? t("ui.it_holds") : t(`modes.${mode.value}`)}</h1>
    ${holdsNow && html`<p class="large">${named("events", `${now.reason}.cause`)}</p><p>${named("events", `${now.reason}.remedy`)}</p>`}
    ${holdsNow && driving.value && html`<div class="choices">
      ${now.choices.map((one) => html`<button key=${one} class="tall" data-choice=${one} disabled=${!fresh.value}
        onClick=${() => (one === "treat_as" ? (treating.value = true) : act(one))}>${t(`choices.${one}`)}</button>`)}
    </div>`}
    <${Steps} />
    ${treating.value && html`<${Kinds} />`}
  </div>`;
}

const kinds = () => (line()?.kinds ?? []).filter(({ crossable }) => crossable).map(({ kind }) => kind);

const Kinds = () => html`<${Sheet} id="kinds" title=${t("actions.treat_as")} close=${() => (treating.value = false)}>
  <div class="tiles">${kinds().map((kind) => html`<button key=${kind} data-kind=${kind} onClick=${() => {
    treating.value = false;
    act("treat_as", kind);
  }}>${t(`kinds.${kind}`)}</button>`)}</div>
<//>`;

// The crossing at hand, its steps, and the stance to which the chosen one leads.
function Steps() {
  const crossing = nearest(crossings()?.crossings ?? [], state.value);
  if (!crossing) return html`<p>${t(crossings()?.pending === true ? "ui.planning" : "ui.no_crossing_near")}</p>`;
  const number = Math.min(chosen.value, crossing.steps.length - 1);
  const step = crossing.steps[number];
  const { front, middle, rear, rotor_deg, guide } = step;
  const move = (by) => () => (chosen.value = Math.min(Math.max(number + by, 0), crossing.steps.length - 1));
  return html`<h2>${t("ui.crossing_of", { what: crossing.features.map((kind) => named("kinds", kind)).join(", "), at: crossing.at_m[0].toFixed(1) })}</h2>
    <div class="stances">
      <${Stance} ...${stanceOf(state.value)} title=${t("ui.now_short")} />
      <${Stance} grips=${{ front, middle, rear }} rotorDeg=${rotor_deg} guide=${guide} planned title=${t("ui.planned")} />
    </div>
    <div class="stepper">
      <button class="tall" aria-label=${t("ui.step_before")} onClick=${move(-1)}>▲</button>
      <div><b>${t("ui.step", { step: number + 1, steps: crossing.steps.length })}: ${stepText(step.action)}</b>
        <p>${expectsText(step.expects.join("; "))}</p>
        ${!step.reversible && html`<p class="wrong">▲ ${t("ui.no_return")}</p>`}</div>
      <button class="tall" aria-label=${t("ui.step_after")} onClick=${move(1)}>▼</button>
    </div>`;
}

function RunStep() {
  const crossing = nearest(crossings()?.crossings ?? [], state.value);
  if (!crossing) return null;
  const number = Math.min(chosen.value, crossing.steps.length - 1);
  const wanted = () => nextJog(crossing, number, state.value, jogSpeed);
  const reached = wanted() === null;
  let last = null;
  const repeat = () => {
    const next = wanted();
    if (next === null) return release();
    last = next.axis;
    jog(next.axis, next.value);
  };
  const end = () => last && jog(last, 0);
  return html`<button class="act jog wide ${held.value === "step" ? "down" : ""}" data-jog="step" disabled=${reached || !fresh.value}
    ...${holding("step", repeat, end)}>${reached ? `✓ ${t("ui.step_reached")}` : t("ui.hold_step")}</button>
    ${reached && number < crossing.steps.length - 1 && html`<button class="act" onClick=${() => (chosen.value = number + 1)}>${t("ui.step_after")}</button>`}`;
}

export function Actions() {
  if (!driving.value) return html`<${AskControl} />`;
  if (mode.value === "STOPPED") return html`<${Reset} />`;
  if (mode.value === "MANUAL") return html`<${RunStep} /><${Order} action="hold" label=${t("ui.end_manual")} />`;
  if (mode.value === "HOLD") return html`<${Order} action="manual" label=${t("ui.step_by_hand")} />`;
  return html`<${Order} primary action="hold" />`;
}
