// What the robot says in codes, in words of the catalogue.
import { named, t } from "../texts.js";

// "undo: open front" and "travel reached; grip position" in words of the catalogue.
export const stepText = (action) => action.split(": ").map(words).join(": ");
export const expectsText = (expects) => (expects ? expects.split("; ").map((one) => t(`expects.${one}`)).join("; ") : "");

function words(text) {
  const carriage = text.match(/^(\w+) (front|middle|rear)$/);
  return carriage ? `${t(`steps.${carriage[1]}`)}: ${t(`carriages.${carriage[2]}`)}` : t(`steps.${text}`);
}

// "grip_front: no release while rolling", of the gate.
export function deniedText(text) {
  const [name, why] = text.split(": ");
  return `${named("axes", name)}: ${named("denied", why)}`;
}
