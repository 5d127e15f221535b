// The line as a ruler: what is wrapped, poles, features, and where the robot is.
import { html } from "htm/preact";
import { fresh, state } from "../link.js";
import { line } from "../pages.js";
import { named, t } from "../texts.js";
import { fixed, minutes } from "./values.js";

export function Ruler() {
  const survey = line();
  const now = state.value;
  if (!survey || !now?.job) return html`<div class="ruler"></div>`;
  const place = (m) => `${(m / survey.length_m) * 100}%`;
  const { wrapped_from_m, wrapped_to_m } = now.job;
  const at = now.values.chainage_m;
  const seen = now.features.filter(({ at_m }) => at_m !== null);
  const hung = survey.features.filter(({ kind }) => !survey.poles.some(({ insulator }) => insulator === kind));
  return html`<div class="ruler ${fresh.value ? "" : "old"}">
    <div class="ruler-words"><span>${t("ui.coil")} <b>${fixed(now.values.coil_m, 1)} m</b></span>
      <span>${t("ui.wrapped")} <b>${wrapped_to_m === null ? "0" : fixed(wrapped_to_m - wrapped_from_m, 1)} m</b></span>
      <span>${t("ui.turns")} <b>${now.job.turns}</b></span>
      <span>${t("ui.time_left")} <b>${minutes(now.job.left_s)}</b></span></div>
    <div class="track">
      <div class="conductor"></div>
      ${wrapped_to_m !== null && html`<div class="wrapped"
        style=${{ left: place(wrapped_from_m), width: place(wrapped_to_m - wrapped_from_m) }}></div>`}
      ${survey.poles.map(({ id, at_m }, number) => html`<div class="pole ${number === 0 ? "first" : number === survey.poles.length - 1 ? "last" : ""}" style=${{ left: place(at_m) }} key=${id}>
        <i></i><span>${id}<br />${at_m.toFixed(0)} m</span></div>`)}
      ${hung.map(({ kind, at_m }) => html`<div class="feature" style=${{ left: place(at_m) }} title=${named("kinds", kind)}></div>`)}
      ${seen.map(({ kind, at_m, confirmed }) => html`<div class="feature seen ${confirmed ? "" : "doubtful"}"
        style=${{ left: place(at_m) }} title=${named("kinds", kind)}></div>`)}
      ${at !== null && html`<div class="robot" style=${{ left: place(at) }}><b>${at.toFixed(1)}</b><i></i></div>`}
    </div>
  </div>`;
}
