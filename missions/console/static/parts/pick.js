// One of a few, by a tap.
import { html } from "htm/preact";

export const Pick = ({ options, value, choose }) => html`<div class="picks" role="group">
  ${options.map(([key, label]) => html`<button key=${key} class=${key === value ? "chosen" : ""}
    aria-pressed=${key === value ? "true" : "false"} onClick=${() => choose(key)}>${label}</button>`)}
</div>`;
