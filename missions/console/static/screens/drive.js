// Drive: the picture, the line, the figures, and what may be done in this mode.
import { html } from "htm/preact";
import { signal } from "@preact/signals";
import { driving, mode, role, state } from "../link.js";
import { line } from "../pages.js";
import { show } from "../screens.js";
import { axis, jogSpeed, slow, SPEEDS } from "../orders.js";
import { t } from "../texts.js";
import { AskControl, Jog, Order, Reset } from "../parts/buttons.js";
import { Camera } from "../parts/camera.js";
import { LiveCurve } from "../parts/curve.js";
import { Ruler } from "../parts/ruler.js";
import { Sheet } from "../parts/sheet.js";
import { Stance, stanceOf } from "../parts/stance.js";
import { Ahead, Coil, Pitch, Position, Roll, Slope, Speed, Tension } from "../parts/values.js";
import { deniedText, expectsText, stepText } from "../parts/words.js";

export const drives = true; // the wide layout

const camera = signal("forward");
const curves = signal(false); // the last minute instead of the ruler
const axesOpen = signal(false);

export const Main = () => html`<div class="drive-main">
  <${Camera} name=${camera.value}>
    ${state.value?.values && html`<${Stance} ...${stanceOf(state.value)} title="" />`}
    ${state.value?.crossing && html`<div class="camera-note"><${Crossing} /></div>`}
    <div class="camera-tiles">
      ${mode.value === "MANUAL" && driving.value && html`
        <button onClick=${() => (axesOpen.value = true)} data-open="axes"><small>${t("ui.axis")}</small><b>${t(`axes.${axis.value}`)}</b></button>
        <button onClick=${() => (slow.value = !slow.value)} data-open="speed"><small>${t("ui.jog_speed")}</small><b>${t(slow.value ? "ui.slow" : "ui.normal")}</b></button>`}
      ${["forward", "rear"].map((one) => html`<button key=${one} class=${one === camera.value ? "chosen" : ""}
        aria-pressed=${one === camera.value ? "true" : "false"} onClick=${() => (camera.value = one)}>${t(`ui.camera_${one}`)}</button>`)}
    </div>
  <//>
  <div class="strip">
    <button class="strip-switch" onClick=${() => (curves.value = !curves.value)}>${t(curves.value ? "ui.line" : "ui.curve")}</button>
    ${curves.value ? html`<${LiveCurve} names=${["tension_n", "speed_mps"]} seconds=${60} />` : html`<${Ruler} />`}
  </div>
  ${axesOpen.value && html`<${Axes} />`}
</div>`;

function Crossing() {
  const { step, steps, action, expects, reversible } = state.value.crossing;
  return html`<b>${t("ui.step", { step: step + 1, steps })}: ${stepText(action)}</b> ${expectsText(expects)}
    ${!reversible && html`<b> ▲ ${t("ui.no_return")}</b>`}`;
}

const Axes = () => html`<${Sheet} id="axes" title=${t("ui.axis")} close=${() => (axesOpen.value = false)}>
  <div class="tiles">${Object.keys(SPEEDS).map((name) => html`<button key=${name} data-axis=${name} class=${name === axis.value ? "chosen" : ""}
    onClick=${() => {
      axis.value = name;
      axesOpen.value = false;
    }}>${t(`axes.${name}`)}</button>`)}</div>
<//>`;

export function Side() {
  const wrapping = mode.value === "WRAP";
  return html`<div class="figures">
    <${Position} /><${Speed} /><${Tension} wrapping=${wrapping} /><${Pitch} wanted=${line()?.pitch_m ?? null} wrapping=${wrapping} />
    <${Ahead} /><${Roll} /><${Slope} /><${Coil} />
    ${(state.value?.denied ?? []).slice(0, 2).map((one) => html`<p class="denied">${deniedText(one)}</p>`)}
  </div>`;
}

// What the two ways of the chosen axis are called.
function ways() {
  if (axis.value.startsWith("grip")) return ["clamp", "open"];
  return /^(travel|traction)/.test(axis.value) ? ["back", "forward"] : ["less", "more"];
}

export function Actions() {
  if (role.value === "observer") return null;
  if (!driving.value) return html`<${AskControl} />`;
  const choices = state.value?.choices ?? [];
  const held = (state.value?.carriages ?? []).every(({ state: one }) => one === "clamped");
  switch (mode.value) {
    case "SAFE":
      return html`<button class="act primary" onClick=${() => show("checks")}>${t("ui.screen_checks")}</button>`;
    case "READY":
      return html`<${Order} primary action=${held ? "start" : "mount"} /><${Order} action="manual" /><${Order} action="disarm" />`;
    case "MANUAL":
      return html`<${Jog} name=${axis.value} value=${-jogSpeed(axis.value)} sign="−" label=${t(`ui.hold_${ways()[0]}`)} />
        <${Jog} name=${axis.value} value=${jogSpeed(axis.value)} sign="+" label=${t(`ui.hold_${ways()[1]}`)} />
        <${Order} action="hold" label=${t("ui.end_manual")} />`;
    case "HOLD":
      return html`${choices.includes("resume") && html`<${Order} primary action="resume" />`}
        <button class="act ${choices.includes("resume") ? "" : "primary"}" onClick=${() => show("assist")}>${t("ui.screen_assist")}</button>
        <${Order} action="manual" />`;
    case "STOPPED":
      return html`<${Reset} />`;
    default:
      return html`<${Order} primary action="hold" />`;
  }
}
