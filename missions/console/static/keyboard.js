// Keys: space is STOP wherever the page is, Escape closes what lies above a screen.
import { hello } from "./link.js";
import { stop } from "./stop.js";

export function listen(close) {
  addEventListener("keydown", (event) => {
    if (event.code === "Space" && hello.value !== null) {
      event.preventDefault();
      event.stopPropagation();
      if (!event.repeat) stop();
    } else if (event.key === "Escape") {
      close();
    }
  }, true);
  // A button would take the key's release for a tap.
  addEventListener("keyup", (event) => event.code === "Space" && hello.value !== null && event.preventDefault(), true);
}
