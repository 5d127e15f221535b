// Beside every screen that is not for driving: the picture and the figures that matter. Nothing here can be tapped.
import { html } from "htm/preact";
import { signal } from "@preact/signals";
import { mode } from "../link.js";
import { Camera } from "./camera.js";
import { Ahead, Position, Speed, Tension } from "./values.js";

const query = matchMedia("(min-width: 701px)"); // a phone has no room for the picture, and need not fetch it
const wide = signal(query.matches);
query.addEventListener("change", () => (wide.value = query.matches));

export const Watch = () => html`<div class="watch">
  ${wide.value && html`<${Camera} name="forward" />`}
  <div class="watch-values"><${Position} /><${Speed} /><${Tension} wrapping=${mode.value === "WRAP"} /><${Ahead} /></div>
</div>`;
