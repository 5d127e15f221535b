// Health: the console's computer, the robot's software, the wire, and every client.
import { html } from "htm/preact";
import { useEffect, useState } from "preact/hooks";
import { state } from "../link.js";
import { fetchJson } from "../pages.js";
import { t } from "../texts.js";
import { fixed, minutes } from "../parts/values.js";

const EVERY_MS = 2000;

const Row = ({ name, value, wrong }) => html`<tr class=${wrong ? "wrong" : ""}><th scope="row">${name}</th><td>${wrong ? "▲ " : ""}${value}</td></tr>`;

export function Main() {
  const [page, setPage] = useState(null);
  useEffect(() => {
    const look = () => fetchJson("health").then(setPage);
    look();
    const timer = setInterval(look, EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  if (!page || !state.value?.wire) return html`<p>${t("ui.waiting")}</p>`;
  const { robot, load, cores, disk } = page;
  const { wire, clients } = state.value;
  return html`<div class="scroll" tabindex="0">
    <h1>${t("ui.screen_health")}</h1>
    <h2>${t("ui.robot")}</h2>
    <table><tbody>
      <${Row} name=${t("ui.software")} value=${robot.connected ? t("ui.runs") : t("ui.silent")} wrong=${!robot.connected} />
      <${Row} name=${t("ui.age")} value=${`${robot.age_ms} ms`} />
      <${Row} name=${t("ui.up")} value=${`${minutes(robot.up_s)} min`} />
      <${Row} name=${t("ui.wire")} value=${`${wire.connected ? t("ui.connected") : t("ui.no_link")}, ${fixed(wire.round_trip_ms, 1)} ms`} wrong=${!wire.connected} />
      <${Row} name=${t("ui.frames")} value=${`${robot.frames_good} / ${wire.frames_bad} / ${wire.frames_lost}`} wrong=${wire.frames_bad > 0} />
      <${Row} name=${t("ui.pendant")} value=${t(wire.estop_closed ? "ui.closed" : "ui.open")} wrong=${!wire.estop_closed} />
    </tbody></table>
    <h2>${t("ui.computer")}</h2>
    <table><tbody>
      <${Row} name=${t("ui.load")} value=${`${load.join(" · ")} / ${cores}`} wrong=${load[0] > 2 * cores} />
      <${Row} name=${t("ui.memory")} value=${`${fixed(page.server_mb, 0)} MB`} />
      <${Row} name=${t("ui.disk")} value=${`${disk.free_gb} / ${disk.total_gb} GB`} wrong=${disk.free_gb < 2} />
      <${Row} name=${t("ui.clock")} value=${page.clock} />
      ${Object.entries(page.temperatures_c).map(([name, value]) => html`<${Row} key=${name} name=${name} value=${`${value} °C`} />`)}
      ${Object.entries(page.versions).map(([name, value]) => html`<${Row} key=${name} name=${name} value=${value ?? "–"} />`)}
    </tbody></table>
    <h2>${t("ui.who_is_here")}</h2>
    <table><tbody>${clients.map((one) => html`<${Row} key=${one.client} name=${`${one.name} · ${t(`roles.${one.role}`)}`} value=${`${one.round_trip_ms ?? "–"} ms`} />`)}</tbody></table>
  </div>`;
}
