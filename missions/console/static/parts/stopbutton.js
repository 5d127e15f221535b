// STOP, in the same corner of every screen. It acts when the finger comes down, and asks nothing.
import { html } from "htm/preact";
import { state } from "../link.js";
import { stop, unconfirmed } from "../stop.js";
import { both, t } from "../texts.js";

export function StopButton() {
  const words = unconfirmed.value ? both("ui.not_confirmed") : state.value?.stopped ? both("modes.STOPPED") : null;
  return html`<button
    id="stop"
    class=${unconfirmed.value ? "unconfirmed" : ""}
    onPointerDown=${(event) => {
      event.preventDefault();
      stop();
    }}
    onKeyDown=${(event) => event.key === "Enter" && !event.repeat && stop()}
    onContextMenu=${(event) => event.preventDefault()}
  >
    <svg viewBox="0 0 24 24" aria-hidden="true"><path d="M8 2h8l6 6v8l-6 6H8l-6-6V8z" /></svg>
    <span>
      <b>${t("actions.stop", {}, "en")} ${t("actions.stop", {}, "zh")}</b>
      <small role="status">${words ? words.join(" ") : t("ui.software_stop_short")}</small>
    </span>
  </button>`;
}
