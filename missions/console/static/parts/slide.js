// A slide: only the knob, drawn to the far end and let go there, does something. Keys: hold the right arrow, then Enter.
import { html } from "htm/preact";
import { useRef, useState } from "preact/hooks";

const END = 0.97; // share of the way that counts as the far end
const STEP = 0.1; // of one press of the arrow

export function Slide({ label, done, disabled }) {
  const [share, setShare] = useState(0);
  const track = useRef(null);
  const grabbed = useRef(null); // pointer and where it took the knob
  const knob = useRef(null);

  const way = () => track.current.clientWidth - knob.current.offsetWidth;
  const finish = (reached) => {
    grabbed.current = null;
    setShare(0);
    if (reached >= END && !disabled) done();
  };
  const take = (event) => {
    if (disabled) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    grabbed.current = event.clientX;
  };
  const draw = (event) => {
    if (grabbed.current !== null) setShare(Math.min(Math.max((event.clientX - grabbed.current) / way(), 0), 1));
  };
  const cancel = () => finish(0);
  const key = (event) => {
    if (disabled) return;
    if (event.key === "ArrowRight") setShare(Math.min(share + STEP, 1));
    else if (event.key === "Enter") finish(share);
  };

  return html`<div class="slide ${disabled ? "disabled" : ""}" ref=${track}>
    <span class="slide-label" aria-hidden="true">${label}</span>
    <div
      class="knob"
      ref=${knob}
      role="slider"
      tabindex="0"
      aria-label=${label}
      aria-disabled=${disabled ? "true" : "false"}
      aria-valuemin="0"
      aria-valuemax="100"
      aria-valuenow=${Math.round(share * 100)}
      style=${{ transform: `translateX(${track.current ? share * way() : 0}px)` }}
      onPointerDown=${take}
      onPointerMove=${draw}
      onPointerUp=${() => finish(grabbed.current === null ? 0 : share)}
      onPointerCancel=${cancel}
      onKeyDown=${key}
      onBlur=${cancel}
    >»</div>
  </div>`;
}
