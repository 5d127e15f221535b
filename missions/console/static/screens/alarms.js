// Alarms: what is wrong now, what was, what is put aside; each with its cause and what to do.
import { html } from "htm/preact";
import { signal } from "@preact/signals";
import { role, say, state } from "../link.js";
import { alarmBook } from "../pages.js";
import { named, t } from "../texts.js";
import { minutes } from "../parts/values.js";
import { SHAPES } from "../parts/lines.js";
import { Pick } from "../parts/pick.js";

const SHELVE_MIN = 10;
const part = signal("active");

export function Main() {
  const book = alarmBook();
  const lists = { active: state.value?.alarms ?? [], shelved: book?.shelved ?? [], history: book?.history ?? [] };
  const rows = lists[part.value];
  return html`<div class="scroll" tabindex="0">
    <${Pick} value=${part.value} choose=${(one) => (part.value = one)}
      options=${Object.entries(lists).map(([name, list]) => [name, `${t(`ui.alarms_${name}`)} (${list.length})`])} />
    ${rows.length === 0 && html`<p class="large">✓ ${t("ui.none")}</p>`}
    ${part.value === "history"
      ? rows.map((one) => html`<${Past} one=${one} key=${one.n} />`)
      : rows.map((one) => html`<${Alarm} one=${one} key=${one.id} />`)}
  </div>`;
}

const Words = ({ id, severity, detail }) => html`<b class="severity ${severity}">${SHAPES[severity]} ${t(`severities.${severity}`)}</b>
  <b>${named("events", `${id}.cause`)}</b>
  <span>→ ${named("events", `${id}.remedy`)}</span>
  <small>${id} ${detail}</small>`;

function Alarm({ one }) {
  const { id, severity, since_s, active, acknowledged, first, count, until_s } = one;
  const shelved = until_s !== undefined;
  return html`<div class="alarm-entry ${severity} ${acknowledged ? "read" : "unread"}" data-alarm=${id}>
    <div class="alarm-words"><${Words} ...${one} />
      <small>${minutes(since_s)} · ${t(active ? "ui.lasts" : "ui.over")}${count > 1 ? ` · ${count}×` : ""}${first ? ` · ${t("ui.first")}` : ""}${acknowledged ? ` · ✓ ${acknowledged}` : ""}${shelved ? ` · ${t("ui.until", { time: minutes(until_s) })}` : ""}</small></div>
    ${role.value !== "observer" && html`<div class="alarm-acts">
      ${!acknowledged && !shelved && html`<button onClick=${() => say("acknowledge", { alarm: id })}>${t("ui.acknowledge")}</button>`}
      ${shelved && html`<button onClick=${() => say("shelve", { alarm: id, minutes: 0 })}>${t("ui.show_again")}</button>`}
      ${!shelved && ["info", "warning"].includes(severity) && html`<button onClick=${() => say("shelve", { alarm: id, minutes: SHELVE_MIN })}>${t("ui.shelve", { minutes: SHELVE_MIN })}</button>`}
    </div>`}
  </div>`;
}

const Past = ({ one }) => html`<div class="alarm-entry ${one.severity} read"><div class="alarm-words">
  <${Words} ...${one} /><small>${one.at.slice(11, 19)}</small></div></div>`;
