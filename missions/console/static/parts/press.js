// A button that has to be held for two seconds, by finger or by Enter; let go earlier it does nothing.
import { html } from "htm/preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { tell } from "../link.js";

const HOLD_MS = 2150; // the server wants 2 s, by its own clock

// `what` is what the server is told is pressed, `order` what is said when it was held long enough.
export function Press({ what, order, label, kind }) {
  const [down, setDown] = useState(false);
  const timer = useRef(null);

  const begin = () => {
    if (timer.current) return;
    tell("press", { what, down: true });
    setDown(true);
    timer.current = setTimeout(async () => {
      await order();
      end();
    }, HOLD_MS);
  };
  const end = () => {
    if (!timer.current) return;
    clearTimeout(timer.current);
    timer.current = null;
    tell("press", { what, down: false });
    setDown(false);
  };
  useEffect(() => {
    addEventListener("blur", end);
    return () => {
      removeEventListener("blur", end);
      end();
    };
  }, []);

  return html`<button
    class="press ${kind} ${down ? "down" : ""}"
    onPointerDown=${(event) => {
      event.currentTarget.setPointerCapture(event.pointerId);
      begin();
    }}
    onPointerUp=${end}
    onPointerCancel=${end}
    onLostPointerCapture=${end}
    onKeyDown=${(event) => event.key === "Enter" && begin()}
    onKeyUp=${end}
    onBlur=${end}
    onContextMenu=${(event) => event.preventDefault()}
  ><span>${label}</span></button>`;
}
