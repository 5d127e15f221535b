// The lines below the top bar: lost link, refusal, who asks to drive, the worst alarm. They take room only when needed,
// and none of them goes away by itself while it matters.
import { html } from "htm/preact";
import { driving, ended, hello, linked, mode, outage, refusal, say, state, ageMs } from "../link.js";
import { named, t } from "../texts.js";
import { show } from "../screens.js";

export const SHAPES = { info: "●", warning: "▲", alarm: "◆", safety: "■" }; // of severities

function LostLink() {
  if (ended.value) return html`<div class="line grave" role="alert"><b>${t(`why.${ended.value}`)}</b></div>`;
  if (hello.value === null || outage.value === null) return null;
  if (outage.value.to === null || !linked.value) {
    return html`<div class="line grave" role="alert" id="lost-link">
      <b>${t("ui.link_lost")} ${((ageMs.value ?? 0) / 1000).toFixed(1)} s</b>
      <span>${mode.value ? t(`link_loss.${mode.value}`) : ""}</span>
    </div>`;
  }
  const lasted = ((outage.value.to - outage.value.from) / 1000).toFixed(1);
  return html`<div class="line waits" role="status" id="lost-link">
    <b>${t("ui.link_back", { seconds: lasted })}</b><span>${t("ui.nothing_by_itself")}</span>
    <button onClick=${() => (outage.value = null)}>${t("ui.seen")}</button>
  </div>`;
}

function Gone() {
  if (!linked.value || state.value.robot.connected) return null;
  return html`<div class="line grave" role="alert"><b>${t("why.robot_gone")}</b></div>`;
}

function Refusal() {
  if (refusal.value === null) return null;
  const { why, detail } = refusal.value;
  return html`<div class="line waits" role="alert" id="refusal">
    <b>${t(`why.${why}`)}</b><span class="detail">${detail}</span>
    <button onClick=${() => (refusal.value = null)}>${t("ui.seen")}</button>
  </div>`;
}

function Asking() {
  if (!driving.value) return null;
  return state.value.authority.asking.map(
    ({ client, left_s }) => html`<div class="line asks" role="alert" key=${client}>
      <b>${t("ui.asks", { client })}</b><span>${Math.ceil(left_s)} s</span>
      <button class="tall" onClick=${() => say("answer", { client, grant: true })}>${t("actions.grant")}</button>
      <button class="tall" onClick=${() => say("answer", { client, grant: false })}>${t("ui.refuse")}</button>
    </div>`,
  );
}

function WorstAlarm() {
  const open = (state.value?.alarms ?? []).filter((alarm) => !alarm.acknowledged);
  if (open.length === 0) return null;
  const { id, severity, detail } = open[0];
  return html`<button class="line alarm ${severity}" id="alarm-line" onClick=${() => show("alarms")}>
    <b>${SHAPES[severity]} ${t(`severities.${severity}`)}</b>
    <span>${named("events", `${id}.cause`)} ${detail} → ${named("events", `${id}.remedy`)}</span>
    <b class="count">${open.length}</b>
  </button>`;
}

export const Lines = () => html`<div class="lines">
  <${LostLink} /><${Gone} /><${Refusal} /><${Asking} /><${WorstAlarm} />
</div>`;
