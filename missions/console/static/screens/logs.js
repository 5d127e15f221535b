// Logs: every job's log, summary and report to take home; and the end of the job that runs.
import { html } from "htm/preact";
import { driving, mode, role, say, state } from "../link.js";
import { logs } from "../pages.js";
import { t } from "../texts.js";

const FILES = ["mission.mcap", "summary.json", "report.html"];
const size = (bytes) => (bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`);

export function Main() {
  const page = logs();
  if (!page) return html`<p>${t("ui.waiting")}</p>`;
  return html`<div class="scroll" tabindex="0">
    <h1>${t("ui.screen_logs")}</h1>
    ${state.value?.log?.ok === false && html`<div class="entry wrong"><b>▲ ${t("ui.log_broken")}</b></div>`}
    <p>${t("ui.finish_how")}</p>
    ${page.logs.map((one) => html`<${Job} one=${one} key=${one.name} />`)}
  </div>`;
}

function Job({ one: { name, files, running } }) {
  const known = Object.fromEntries(files.map((file) => [file.name, file.bytes]));
  const offered = FILES.filter((file) => file in known || (file === "report.html" && !running));
  return html`<div class="entry log"><b>${name}${running ? ` · ${t("ui.running")}` : ""}</b>
    <div class="downloads">${role.value === "observer" ? t("ui.observers_look") : offered.map((file) => html`
      <a class="button" download href=${`api/logs/${name}/${file}`} key=${file}>${t(`ui.file_${file.split(".")[0]}`)}<small>${known[file] ? size(known[file]) : ""}</small></a>`)}
    </div></div>`;
}

export const Actions = () => driving.value && html`<button class="act" data-action="finish" disabled=${mode.value !== "SAFE"}
  onClick=${() => say("finish")}>${t("ui.finish")}</button>`;
