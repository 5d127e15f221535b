// Checks: what the robot finds, what the crew has seen to and measured; then arm, by a slide.
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { act, driving, mode, role, say, state } from "../link.js";
import { checks, plan } from "../pages.js";
import { show } from "../screens.js";
import { beep } from "../sound.js";
import { named, t } from "../texts.js";
import { Keypad } from "../parts/keypad.js";
import { Slide } from "../parts/slide.js";
import { AskControl } from "../parts/buttons.js";

const UNITS = { mass_kg: "kg", coil_m: "m", wind_mps: "m/s", gust_mps: "m/s", temperature_c: "°C", humidity_pct: "%" };

export function Main() {
  const page = checks();
  if (!page) return html`<p>${t("ui.waiting")}</p>`;
  return html`<div class="scroll" tabindex="0">
    <h1>${page.complete ? t("ui.checks_complete") : t("ui.checks_open", { count: page.open.length })}</h1>
    <${Automatic} />
    <h2>${t("ui.crew_checks")}</h2>
    ${page.crew.map((item) => html`<${Item} item=${item} key=${item.id} />`)}
    <h2>${t("ui.measured")}</h2>
    ${Object.entries(page.entered).map(([name, entry]) => html`<${Figure} name=${name} entry=${entry} key=${name} />`)}
    <${Plan} fit=${page.plan.ok} />
  </div>`;
}

function Automatic() {
  const failing = state.value?.arming ?? [];
  const all = checks().automatic.map(({ id }) => id);
  return html`<h2>${t("ui.automatic", { good: all.length - failing.length, all: all.length })}</h2>
    ${failing.map((id) => html`<div class="entry wrong" key=${id}>
      <span><b>▲ ${named("events", `${id}.cause`)}</b><br />${named("events", `${id}.remedy`)}</span></div>`)}
    ${failing.length === 0 && html`<div class="entry good"><b>✓ ${t("ui.automatic_good")}</b></div>`}`;
}

const mayTick = () => role.value !== "observer";

const Item = ({ item: { id, done, by, at } }) => html`<div class="entry">
  <button class="tick ${done ? "chosen" : ""}" role="checkbox" aria-checked=${done ? "true" : "false"} disabled=${!mayTick()}
    onClick=${() => say("check", { item: id, done: !done })} data-item=${id}>
    <i aria-hidden="true">${done ? "✓" : ""}</i><span>${t(`checks.${id}`)}<small>${done ? `${by} ${at.slice(11, 16)}` : ""}</small></span></button>
  ${id === "sound" && html`<button onClick=${() => beep("safety")}>${t("ui.test_sound")}</button>`}
</div>`;

function Figure({ name, entry }) {
  const [open, setOpen] = useState(false);
  const { value, ok, needed, by, at, low, high } = entry;
  const enter = (number) => say("enter", { values: { [name]: number } });
  if (name === "wet") {
    return html`<div class="entry"><button class="tick ${value ? "chosen" : ""}" role="checkbox" disabled=${!mayTick()}
      aria-checked=${value ? "true" : "false"} onClick=${() => enter(value ? 0 : 1)}>
      <i aria-hidden="true">${value ? "✓" : ""}</i><span>${t("figures.wet")}</span></button></div>`;
  }
  const wrong = (needed && value === null) || (value !== null && !ok);
  return html`<div class="entry">
    <button class="figure-entry ${wrong ? "wrong" : ""}" data-figure=${name} disabled=${!mayTick()} onClick=${() => setOpen(true)}>
      <span>${wrong ? "▲ " : ""}${t(`figures.${name}`)}<small>${by ? `${by} ${at.slice(11, 16)}` : needed ? t("ui.needed") : ""}</small></span>
      <b>${value ?? "–"} ${UNITS[name]}</b></button>
    ${open && html`<${Keypad} title=${t(`figures.${name}`)} unit=${UNITS[name]} low=${low} high=${high} value=${value}
      done=${enter} close=${() => setOpen(false)} />`}
  </div>`;
}

function Plan({ fit }) {
  const page = plan();
  const pending = page === null || page.pending || page.fit; // what was planned for other weather is not the answer
  return html`<h2>${t("checks.plan")}</h2>
    <div class="entry ${fit ? "good" : "wrong"}"><span>
      <b>${fit ? `✓ ${t("ui.fit")}` : pending ? t("ui.planning") : `▲ ${t("ui.not_fit")}`}</b>
      ${(pending ? [] : page.refusals ?? []).map(({ text }) => html`<br />${text}`)}</span></div>`;
}

export function Actions() {
  if (role.value === "observer") return null;
  if (!driving.value) return html`<${AskControl} />`;
  if (mode.value === "SAFE") {
    const open = (checks()?.open.length ?? 1) + (state.value?.arming.length ?? 0);
    return html`<${Slide} label=${open ? t("ui.checks_open", { count: open }) : t("ui.slide_to_arm")} disabled=${open > 0}
      done=${() => act("arm")} />`;
  }
  return html`<button class="act primary" onClick=${() => show("drive")}>${t("ui.screen_drive")}</button>
    ${mode.value === "READY" && html`<button class="act" onClick=${() => act("disarm")}>${t("actions.disarm")}</button>`}`;
}
