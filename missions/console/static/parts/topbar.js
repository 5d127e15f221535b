// The bar on top: mode, job, link, ages, battery, who drives, time. Only who drives can be tapped.
import { html } from "htm/preact";
import { signal } from "@preact/signals";
import { ageMs, driving, fresh, hello, holder, linked, mode, roundTripMs, state } from "../link.js";
import { both, t } from "../texts.js";
import { line } from "../pages.js";
import { fixed } from "./values.js";

export const handOverOpen = signal(false);

// One shape a group of modes, so that colour never speaks alone.
const SHAPES = {
  SAFE: ["calm", "M4 4h16v16H4z"],
  READY: ["calm", "M12 3a9 9 0 1 0 .01 0z"],
  HOLD: ["waits", "M5 4h5v16H5zM14 4h5v16h-5z"],
  STOPPED: ["stopped", "M8 2h8l6 6v8l-6 6H8l-6-6V8z"],
};
const MOVING = ["moves", "M5 3l16 9-16 9z"];

function Mode() {
  if (!mode.value) return html`<div class="mode waits"><span><b>–</b></span></div>`;
  const [kind, path] = SHAPES[mode.value] ?? MOVING;
  const [first, second] = both(`modes.${mode.value}`);
  return html`<div class="mode ${kind} ${fresh.value ? "" : "old"}" data-mode=${mode.value}>
    <svg viewBox="0 0 24 24" aria-hidden="true"><path d=${path} /></svg>
    <span><b>${first}</b><small>${second}</small></span>
  </div>`;
}

function Link() {
  const ms = roundTripMs.value;
  const bars = !linked.value || ms === null ? 0 : ms < 50 ? 4 : ms < 150 ? 3 : ms < 300 ? 2 : 1;
  const bar = (number) =>
    html`<path class=${number < bars ? "on" : "off"} d=${`M${2 + number * 6} 22v-${5 + number * 5}`} />`;
  return html`<div class="item link">
    <svg viewBox="0 0 26 24" aria-hidden="true">${[0, 1, 2, 3].map(bar)}</svg>
    <span><b>${linked.value ? `${ms ?? "–"} ms` : t("ui.no_link")}</b><small>${t("ui.round_trip")}</small></span>
  </div>`;
}

function Age() {
  const old = !fresh.value;
  const ms = ageMs.value;
  const text = ms === null ? "–" : ms < 1000 ? `${ms} ms` : `${(ms / 1000).toFixed(1)} s`;
  return html`<div class="item age ${old ? "wrong" : ""}"><span><b>${text}</b><small>${t("ui.age")}</small></span></div>`;
}

const LONG_MIN = 600; // more than a day's work is not told to the minute

function Battery() {
  const { battery_v = null, battery_min = null } = state.value?.values ?? {};
  const left = battery_min === null ? "–" : battery_min > LONG_MIN ? `> ${LONG_MIN / 60} h` : `${fixed(battery_min, 0)} min`;
  return html`<div class="item battery"><span>
    <b>${left}</b>
    <small>${t("ui.battery")} ${fixed(battery_v, 1)} V</small>
  </span></div>`;
}

function Chain() {
  const closed = state.value?.wire?.estop_closed;
  const text = closed === undefined ? "–" : closed ? t("ui.closed") : t("ui.open");
  return html`<div class="item chain ${closed === false ? "wrong" : ""}"><span>
    <b>${text}</b><small>${t("ui.pendant")}</small></span></div>`;
}

function Holder() {
  const name = holder.value ? (driving.value ? t("ui.you") : holder.value) : t("ui.nobody");
  return html`<button class="holder ${driving.value ? "mine" : ""}" onClick=${() => (handOverOpen.value = true)}
    aria-haspopup="dialog" disabled=${hello.value === null}>
    <b>${name}</b><small>${t("ui.drives")}</small>
  </button>`;
}

function Clock() {
  const at = state.value?.robot.clock?.slice(11, 19) ?? "–";
  return html`<div class="item clock"><span><b>${at}</b><small>${t(hello.value?.simulated ? "ui.simulated" : "ui.clock")}</small></span></div>`;
}

export const TopBar = () => html`<header class="top">
  <${Mode} />
  <div class="item job"><span><b>${line()?.name ?? "–"}</b></span></div>
  <${Link} /><${Age} /><${Battery} /><${Chain} /><${Clock} /><${Holder} />
</header>`;
