// The frame round every screen: top bar, lines, the screen with what stands beside it, and the bar with STOP.
import { html } from "htm/preact";
import { render } from "preact";
import { enter } from "./enter.js";
import { release } from "./hold.js";
import { hello, role } from "./link.js";
import { menuOpen, NAMES, screen, show } from "./screens.js";
import { loadTexts, t } from "./texts.js";
import { HandOver } from "./parts/handover.js";
import { Lines } from "./parts/lines.js";
import { Sheet } from "./parts/sheet.js";
import { StopButton } from "./parts/stopbutton.js";
import { TopBar } from "./parts/topbar.js";
import { Watch } from "./parts/watch.js";
import * as alarms from "./screens/alarms.js";
import * as assist from "./screens/assist.js";
import * as checks from "./screens/checks.js";
import * as connecting from "./screens/connect.js";
import * as drive from "./screens/drive.js";
import * as health from "./screens/health.js";
import * as job from "./screens/job.js";
import * as logs from "./screens/logs.js";
import * as observer from "./screens/observer.js";
import * as parameters from "./screens/parameters.js";
import * as trends from "./screens/trends.js";
import "./gamepad.js";
import "./keyboard.js";
import "./sound.js";

// A screen has its Main, and may have what stands beside it (Side) and its own buttons in the bar (Actions).
const SCREENS = { connect: connecting, checks, drive, job, assist, alarms, trends, parameters, logs, health, observer };

const Menu = () => html`<${Sheet} id="menu" title=${t("ui.menu")} close=${() => (menuOpen.value = false)}>
  <div class="tiles">${NAMES.map((name) => html`<button key=${name} data-screen=${name}
    class=${name === screen.value ? "chosen" : ""} onClick=${() => show(name)}>${t(`ui.screen_${name}`)}</button>`)}</div>
<//>`;

function Page() {
  const name = hello.value ? screen.value : "connect";
  const { Main, Side = Watch, Actions, drives = false } = SCREENS[name];
  return html`<div class="page ${drives ? "drives" : ""}" data-screen=${name}>
    <${TopBar} />
    <${Lines} />
    <main>
      <section class="main" aria-label=${t(`ui.screen_${name}`)}><${Main} /></section>
      ${hello.value && html`<aside class="side" aria-label=${t("ui.values")}><${Side} /></aside>`}
      ${menuOpen.value && html`<${Menu} />`}
      <${HandOver} />
    </main>
    ${hello.value && html`<footer class="bar">
      <div class="acts">
        <button class="act menu" aria-haspopup="dialog" onClick=${() => (menuOpen.value = !menuOpen.value)}>☰ ${t("ui.menu")}</button>
        ${Actions && html`<${Actions} />`}
      </div>
      <${StopButton} />
    </footer>`}
  </div>`;
}

// The screen of a tablet must not fall asleep; where the browser cannot promise it, the crew sets the tablet so.
function stayAwake() {
  if (document.visibilityState === "visible") navigator.wakeLock?.request("screen").catch(() => {});
}

screen.subscribe(release); // a button that is not there any more cannot be held
role.subscribe((one) => one === "observer" && screen.value === "connect" && show("observer"));
document.addEventListener("visibilitychange", stayAwake);
stayAwake();
await loadTexts();
render(html`<${Page} />`, document.body);
await enter();
