// Job: what is planned, how far it is, and whether it goes well.
import { html } from "htm/preact";
import { mode, state } from "../link.js";
import { crossings, line, plan } from "../pages.js";
import { named, t } from "../texts.js";
import { fixed, minutes } from "../parts/values.js";
import { Ruler } from "../parts/ruler.js";

const Row = ({ name, value }) => html`<tr><th scope="row">${name}</th><td>${value}</td></tr>`;

export function Main() {
  const job = state.value?.job;
  if (!line() || !job) return html`<p>${t("ui.waiting")}</p>`;
  const laid = job.wrapped_to_m === null ? 0 : job.wrapped_to_m - job.wrapped_from_m;
  return html`<div class="scroll" tabindex="0">
    <h1>${line().name}</h1>
    <${Ruler} />
    <h2>${t("ui.progress")}</h2>
    <table><tbody>
      <${Row} name=${t("ui.state")} value=${job.finished ? `✓ ${t("ui.finished")}` : t(`modes.${mode.value}`)} />
      <${Row} name=${t("ui.wrapped")} value=${`${fixed(laid, 1)} / ${fixed(job.end_m - (job.wrapped_from_m ?? 0), 1)} m`} />
      <${Row} name=${t("ui.turns")} value=${job.turns} />
      <${Row} name=${t("ui.unwrapped")} value=${`${fixed(job.unwrapped_m, 2)} m`} />
      <${Row} name=${t("ui.cable_used")} value=${`${fixed(job.cable_used_m, 1)} m`} />
      <${Row} name=${t("ui.coil")} value=${`${fixed(state.value.values.coil_m, 1)} m`} />
      <${Row} name=${t("ui.time_left")} value=${`${minutes(job.left_s)} min`} />
    </tbody></table>
    <${Plan} />
    <${Crossings} />
  </div>`;
}

function Plan() {
  const page = plan();
  if (!page || page.pending) return html`<h2>${t("ui.plan")}</h2><p>${t("ui.planning")}</p>`;
  return html`<h2>${t("ui.plan")}</h2>
    <div class="entry ${page.fit ? "good" : "wrong"}"><b>${page.fit ? `✓ ${t("ui.fit")}` : `▲ ${t("ui.not_fit")}`}</b></div>
    ${(page.refusals ?? []).map(({ text }) => html`<div class="entry wrong">${text}</div>`)}
    ${page.error && html`<div class="entry wrong">${page.error}</div>`}
    <table><tbody>
      <${Row} name=${t("ui.duration")} value=${`${minutes(page.time_s)} min`} />
      <${Row} name=${t("ui.cable")} value=${`${fixed(page.cable_m, 1)} m`} />
      <${Row} name=${t("ui.energy")} value=${`${fixed(page.energy_wh, 0)} Wh`} />
      <${Row} name=${t("ui.mass")} value=${`${fixed(page.mass_kg, 1)} kg`} />
    </tbody></table>`;
}

function Crossings() {
  const page = crossings();
  const at = state.value.values.chainage_m;
  const passed = ({ to_m }) => at !== null && at > to_m;
  return html`<h2>${t("ui.crossings")}</h2>
    <table><tbody>
      ${(page?.crossings ?? []).map((one) => html`<tr key=${one.from_m}>
        <th scope="row">${fixed(one.at_m[0], 1)} m</th><td>${one.features.map((kind) => named("kinds", kind)).join(", ")}</td>
        <td>${minutes(one.duration_s)} min</td><td>${passed(one) ? `✓ ${t("ui.passed")}` : t("ui.ahead_of_us")}</td></tr>`)}
      ${(page?.blocked ?? []).map((one) => html`<tr class="wrong"><th scope="row">${fixed(one.at_m, 1)} m</th>
        <td>${one.features.map((kind) => named("kinds", kind)).join(", ")}</td><td colspan="2">▲ ${one.reason}</td></tr>`)}
    </tbody></table>`;
}
