// Trends: the last minutes of what matters, as curves.
import { html } from "htm/preact";
import { signal } from "@preact/signals";
import { t } from "../texts.js";
import { LiveCurve } from "../parts/curve.js";
import { Pick } from "../parts/pick.js";

const SPANS = [60, 300, 1800];
const GROUPS = [["tension_n", "speed_mps"], ["chainage_m", "coil_m"], ["roll_deg", "slope_deg"], ["rotor_rpm", "battery_v"]];

const seconds = signal(300);

export const Main = () => html`<div class="scroll" tabindex="0">
  <${Pick} value=${seconds.value} choose=${(one) => (seconds.value = one)}
    options=${SPANS.map((one) => [one, t("ui.minutes", { minutes: one / 60 })])} />
  ${GROUPS.map((names) => html`<${LiveCurve} names=${names} seconds=${seconds.value} key=${names.join()} />`)}
</div>`;
