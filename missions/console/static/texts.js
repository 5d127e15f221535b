// Every text of the page, from the server's one catalogue. Both languages are loaded: STOP and the mode show both.
import { signal } from "@preact/signals";
import { language } from "./settings.js";

const catalogues = signal({});

export async function loadTexts() {
  const answers = await Promise.all(["en", "zh"].map((lang) => fetch(`api/texts?lang=${lang}`)));
  const [en, zh] = await Promise.all(answers.map((answer) => answer.json()));
  catalogues.value = { en, zh };
}

function find(lang, path) {
  return path.split(".").reduce((node, key) => node?.[key], catalogues.value[lang]);
}

// The text of a path such as "ui.menu", with {names} filled in; one that is missing shows as ‹path›.
export function t(path, names = {}, lang = language.value) {
  const text = find(lang, path);
  if (typeof text !== "string") return `‹${path}›`;
  return text.replace(/\{(\w+)\}/g, (_, name) => names[name] ?? "");
}

// The text if there is one: for names that come from outside, such as the kind of a feature.
export const named = (section, key) => find(language.value, `${section}.${key}`) ?? key;

// In the device's language first, then in the other.
export function both(path) {
  const other = language.value === "zh" ? "en" : "zh";
  return [t(path), t(path, {}, other)];
}
