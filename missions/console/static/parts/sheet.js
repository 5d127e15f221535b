// A sheet lies over a screen, never over STOP, and never comes by itself. Escape closes it.
import { html } from "htm/preact";
import { useEffect, useRef } from "preact/hooks";
import { t } from "../texts.js";

export function Sheet({ title, close, children, id, onKey }) {
  const box = useRef(null);
  const key = (event) => (event.key === "Escape" ? close() : onKey?.(event));
  useEffect(() => {
    const before = document.activeElement;
    box.current.focus();
    return () => before?.focus?.();
  }, []);
  return html`<div class="sheet" role="dialog" aria-label=${title} tabindex="-1" ref=${box} id=${id} onKeyDown=${key}>
    <div class="sheet-head"><h2>${title}</h2><button onClick=${close}>${t("ui.close")}</button></div>
    <div class="sheet-body" tabindex="0">${children}</div>
  </div>`;
}
