// Observer: large figures for a phone; looks on, and can stop.
import { html } from "htm/preact";
import { mode, state } from "../link.js";
import { both, t } from "../texts.js";
import { Ruler } from "../parts/ruler.js";
import { Ahead, Coil, fixed, Position, Speed, Tension, TimeLeft } from "../parts/values.js";

export function Main() {
  if (!state.value?.values) return html`<p>${t("ui.waiting")}</p>`;
  return html`<div class="scroll observer" tabindex="0">
    <p class="huge">${both(`modes.${mode.value}`).join(" ")}</p>
    <p class="huge">${fixed(state.value.values.chainage_m, 1)} <small>/ ${fixed(state.value.job.end_m, 0)} m</small></p>
    <div class="watch-values"><${Speed} /><${Tension} wrapping=${mode.value === "WRAP"} /><${Coil} /><${TimeLeft} /><${Ahead} /><${Position} /></div>
    <${Ruler} />
  </div>`;
}
