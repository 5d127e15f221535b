// Who drives, and how that is changed: ask and wait for the answer, or take it by a press of two seconds.
import { html } from "htm/preact";
import { driving, holder, me, role, say, state } from "../link.js";
import { t } from "../texts.js";
import { Press } from "./press.js";
import { Sheet } from "./sheet.js";
import { handOverOpen } from "./topbar.js";

export function HandOver() {
  if (!handOverOpen.value || !state.value) return null;
  const asked = state.value.authority.asking.find(({ client }) => client === me.value);
  return html`<${Sheet} id="hand-over" title=${t("ui.who_drives")} close=${() => (handOverOpen.value = false)}>
    <p class="large">${driving.value ? t("ui.you_drive") : holder.value ? t("ui.other_drives", { client: holder.value }) : t("ui.nobody_drives")}</p>
    ${!driving.value && role.value !== "observer" && html`<div class="row">
      <button class="tall wide" onClick=${() => say("ask")}>
        ${asked ? t("ui.asked", { seconds: Math.ceil(asked.left_s) }) : t("ui.ask")}</button>
      <${Press} what="take" order=${() => say("take")} label=${t("ui.take_hold")} kind="tall wide" />
    </div>`}
    ${role.value === "observer" && html`<p>${t("ui.observers_look")}</p>`}
    <p>${t("ui.stop_is_for_all")}</p>
    <table><thead><tr><th>${t("ui.client")}</th><th>${t("ui.role")}</th><th>${t("ui.round_trip")}</th></tr></thead><tbody>
      ${state.value.clients.map((one) => html`<tr key=${one.client}>
        <td>${one.name}${one.client === holder.value ? " ●" : ""}</td><td>${t(`roles.${one.role}`)}</td>
        <td>${one.round_trip_ms ?? "–"} ms</td></tr>`)}
    </tbody></table>
  <//>`;
}
