// Beside every screen that is not for driving: the picture and the figures that matter. Nothing here can be tapped.
import { html } from "htm/preact";
import { Camera } from "./camera.js";
import { Ahead, Position, Speed, Tension } from "./values.js";
import { mode } from "../link.js";

export const Watch = () => html`<div class="watch">
  <${Camera} name="forward" />
  <div class="watch-values"><${Position} /><${Speed} /><${Tension} wrapping=${mode.value === "WRAP"} /><${Ahead} /></div>
</div>`;
