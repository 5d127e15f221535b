// Space is STOP wherever the page is.
import { hello } from "./link.js";
import { stop } from "./stop.js";

const isStop = (event) => event.code === "Space" && hello.value !== null;

addEventListener("keydown", (event) => {
  if (!isStop(event)) return;
  event.preventDefault();
  event.stopPropagation();
  if (!event.repeat) stop();
}, true);

// A button would take the key's release for a tap.
addEventListener("keyup", (event) => isStop(event) && event.preventDefault(), true);
