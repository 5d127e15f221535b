// Buttons that several screens have in their bar.
import { html } from "htm/preact";
import { act, fresh, me, say, state } from "../link.js";
import { holding, held } from "../hold.js";
import { jog, jogEnd } from "../orders.js";
import { t } from "../texts.js";
import { Press } from "./press.js";

export const Order = ({ action, label, primary }) => html`<button class="act ${primary ? "primary" : ""}"
  data-action=${action} disabled=${!fresh.value} onClick=${() => act(action)}>${label ?? t(`actions.${action}`)}</button>`;

export function AskControl() {
  const asked = state.value?.authority.asking.find(({ client }) => client === me.value);
  return html`<button class="act primary" data-action="ask" disabled=${!fresh.value} onClick=${() => say("ask")}>
    ${asked ? t("ui.asked", { seconds: Math.ceil(asked.left_s) }) : t("ui.ask")}</button>`;
}

export const Reset = () => html`<${Press} what="reset" kind="act reset" order=${() => act("reset")}
  label=${t("ui.reset_hold")} />`;

export function Jog({ name, value, label, sign }) {
  const id = `${name}:${sign}`;
  return html`<button class="act jog ${held.value === id ? "down" : ""}" data-jog=${id} disabled=${!fresh.value}
    ...${holding(id, () => jog(name, value), jogEnd(name))}><b aria-hidden="true">${sign}</b>${label}</button>`;
}
