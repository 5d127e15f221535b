// Parameters: range, unit, old and new. Saved all or none, by the engineer who drives, while the robot is in SAFE.
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { signal } from "@preact/signals";
import { driving, mode, role, say } from "../link.js";
import { parameters } from "../pages.js";
import { t } from "../texts.js";
import { Keypad } from "../parts/keypad.js";

const wanted = signal({}); // name -> new value, not yet saved

function reason() {
  if (role.value !== "engineer") return t("ui.only_engineer");
  if (!driving.value) return t("ui.only_driver");
  if (mode.value !== "SAFE") return t("why.not_disarmed");
  return "";
}

export function Main() {
  const page = parameters();
  if (!page) return html`<p>${t("ui.waiting")}</p>`;
  const why = reason();
  return html`<div class="scroll" tabindex="0">
    <h1>${t("ui.screen_parameters")}</h1>
    ${why && html`<div class="entry wrong" id="why-not"><b>▲ ${why}</b></div>`}
    ${page.restart_needed && html`<div class="entry"><b>● ${t("ui.restart_needed")}</b></div>`}
    ${page.parameters.map((one) => html`<${Parameter} one=${one} locked=${why !== ""} key=${one.name} />`)}
  </div>`;
}

function Parameter({ one: { name, unit, low, high, value, saved, ...rest }, locked }) {
  const [open, setOpen] = useState(false);
  const next = wanted.value[name];
  const change = (number) => (wanted.value = { ...wanted.value, [name]: number });
  return html`<div class="entry">
    <button class="figure-entry" data-parameter=${name} disabled=${locked} onClick=${() => setOpen(true)}>
      <span>${t(`parameters.${name}`)}<small>${name} · ${t("ui.range", { low, high, unit })} · ${t("ui.default", { value: rest.default })}</small></span>
      <b>${value} ${unit}${saved !== value ? html`<small>→ ${saved} (${t("ui.saved")})</small>` : ""}${next !== undefined ? html`<em>→ ${next}</em>` : ""}</b></button>
    ${open && html`<${Keypad} title=${t(`parameters.${name}`)} unit=${unit} low=${low} high=${high} value=${saved}
      done=${change} close=${() => setOpen(false)} />`}
  </div>`;
}

export function Actions() {
  const count = Object.keys(wanted.value).length;
  if (count === 0) return null;
  const save = async () => {
    if (await say("save", { values: wanted.value })) wanted.value = {};
  };
  return html`<button class="act primary" data-action="save" disabled=${reason() !== ""} onClick=${save}>${t("ui.save", { count })}</button>
    <button class="act" onClick=${() => (wanted.value = {})}>${t("ui.discard")}</button>`;
}
