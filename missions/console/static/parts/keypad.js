// A number without a keyboard: keys large enough for gloves. A real keyboard works as well.
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import { t } from "../texts.js";
import { Sheet } from "./sheet.js";

const KEYS = ["7", "8", "9", "4", "5", "6", "1", "2", "3", "±", "0", "."];

export function Keypad({ title, unit, low, high, value, done, close }) {
  const [text, setText] = useState("");
  const number = Number(text);
  const fits = text !== "" && Number.isFinite(number) && number >= low && number <= high;
  const press = (key) => {
    if (key === "±") setText(text.startsWith("-") ? text.slice(1) : `-${text}`);
    else if (key !== "." || !text.includes(".")) setText(text + key);
  };
  const finish = () => {
    if (!fits) return;
    done(number);
    close();
  };
  const key = (event) => {
    if (/^[0-9.]$/.test(event.key)) press(event.key);
    else if (event.key === "-") press("±");
    else if (event.key === "Backspace") setText(text.slice(0, -1));
    else if (event.key === "Enter" && event.target.tagName !== "BUTTON") finish();
  };
  return html`<${Sheet} id="keypad" title=${title} close=${close} onKey=${key}>
    <div class="keypad">
      <div class="keypad-side">
        <output class=${text === "" || fits ? "" : "wrong"}>${text || "–"} <small>${unit}</small></output>
        <p>${t("ui.range", { low, high, unit })}</p>
        <p>${t("ui.now", { value: value ?? "–", unit })}</p>
        <button onClick=${() => setText(text.slice(0, -1))}>${t("ui.delete")}</button>
        <button class="tall wide primary" disabled=${!fits} onClick=${finish}>${t("ui.take_over_value")}</button>
      </div>
      <div class="keys">
        ${KEYS.map((one) => html`<button key=${one} onClick=${() => press(one)}>${one}</button>`)}
      </div>
    </div>
  <//>`;
}
