// Connect: pair this device, choose language, theme and hand; invite others; see and end what is paired.
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { enter } from "../enter.js";
import { hello, role, state } from "../link.js";
import { tokens } from "../pages.js";
import { show } from "../screens.js";
import { hand, language, theme } from "../settings.js";
import { t } from "../texts.js";
import { Pick } from "../parts/pick.js";

const DEVICES = ["tablet-1", "tablet-2", "phone-1", "phone-2", "phone-3", "desk"];

export const Main = () => html`<div class="scroll" tabindex="0">
  ${hello.value ? html`<${Paired} />` : html`<${Pairing} />`}
  <${Choices} />
  ${hello.value && html`<${Invite} />`}
  ${role.value === "engineer" && html`<${Tokens} />`}
  <p class="fine">${t("ui.software_stop")}</p>
</div>`;

function Pairing() {
  const [code, setCode] = useState(location.hash.match(/^#pair=(.+)$/)?.[1] ?? "");
  const [name, setName] = useState(DEVICES[0]);
  const [why, setWhy] = useState("");
  const pair = async () => {
    const body = JSON.stringify({ code, name });
    const answer = await fetch("api/pair", { method: "POST", headers: { "Content-Type": "application/json" }, body });
    if (!answer.ok) return setWhy((await answer.json()).why);
    history.replaceState(null, "", "#connect");
    await enter();
  };
  return html`<h1>${t("ui.pair_title")}</h1>
    <p>${t("ui.pair_how")}</p>
    <label class="field">${t("ui.code")}
      <input id="code" value=${code} autocomplete="off" autocapitalize="characters" spellcheck=${false} maxlength="12"
        onInput=${(event) => setCode(event.target.value)} onKeyDown=${(event) => event.key === "Enter" && pair()} />
    </label>
    <h2>${t("ui.name")}</h2>
    <${Pick} options=${DEVICES.map((one) => [one, t(`ui.${one.replace("-", "_")}`)])} value=${name} choose=${setName} />
    <button class="tall wide primary" id="pair" disabled=${!code} onClick=${pair}>${t("ui.pair")}</button>
    ${why && html`<p class="wrong" role="alert">${t(`why.${why}`)}</p>`}`;
}

function Paired() {
  const { name } = hello.value;
  return html`<h1>${name} · ${t(`roles.${role.value}`)}</h1>
    <div class="row">
      ${role.value === "observer"
        ? html`<button class="tall wide primary" onClick=${() => show("observer")}>${t("ui.screen_observer")}</button>`
        : html`<button class="tall wide primary" onClick=${() => show("checks")}>${t("ui.screen_checks")}</button>
            <button class="tall wide" onClick=${() => show("drive")}>${t("ui.screen_drive")}</button>`}
    </div>`;
}

const Choices = () => html`
  <h2>${t("ui.language")}</h2>
  <${Pick} options=${[["zh", "中文"], ["en", "English"]]} value=${language.value} choose=${(one) => (language.value = one)} />
  <h2>${t("ui.theme")}</h2>
  <${Pick} options=${[["dark", t("ui.dark")], ["sun", t("ui.sun")]]} value=${theme.value} choose=${(one) => (theme.value = one)} />
  <h2>${t("ui.hand")}</h2>
  <${Pick} options=${[["right", t("ui.right")], ["left", t("ui.left")]]} value=${hand.value} choose=${(one) => (hand.value = one)} />
  ${document.fullscreenEnabled && html`<div class="row"><button onClick=${() =>
    document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen()}>${t("ui.full_screen")}</button></div>`}`;

const RANK = ["observer", "operator", "engineer"];

function Invite() {
  const [invitation, setInvitation] = useState(null);
  const invite = async (wanted) => {
    const body = JSON.stringify({ role: wanted });
    const answer = await fetch("api/invite", { method: "POST", headers: { "Content-Type": "application/json" }, body });
    if (answer.ok) setInvitation({ ...(await answer.json()), role: wanted });
  };
  const mine = RANK.slice(0, RANK.indexOf(role.value) + 1);
  return html`<h2>${t("ui.invite")}</h2>
    <${Pick} options=${mine.map((one) => [one, t(`roles.${one}`)])} value=${invitation?.role} choose=${invite} />
    ${invitation && html`<div class="invitation">
      <img alt=${t("ui.qr")} src=${`data:image/svg+xml,${encodeURIComponent(invitation.svg)}`} />
      <p class="large">${invitation.code}</p><p>${invitation.url.split("#")[0]}</p></div>`}
    <h2>${t("ui.who_is_here")}</h2>
    <ul class="plain">${(state.value?.clients ?? []).map((one) => html`<li key=${one.client}>${one.name} · ${t(`roles.${one.role}`)}</li>`)}</ul>`;
}

function Tokens() {
  const revoke = (client) =>
    fetch("api/revoke", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ client }) });
  return html`<h2>${t("ui.paired_devices")}</h2>
    ${(tokens()?.tokens ?? []).map((one) => html`<div class="entry" key=${one.client}>
      <span><b>${one.name}</b> ${t(`roles.${one.role}`)}<br /><small>${one.paired}</small></span>
      ${one.client !== hello.value.client && html`<button onClick=${() => revoke(one.client)}>${t("ui.revoke")}</button>`}
    </div>`)}`;
}
