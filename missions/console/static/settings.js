// What this device remembers of itself: language, theme, hand.
import { effect, signal } from "@preact/signals";

function kept(name, otherwise) {
  const value = signal(localStorage.getItem(name) ?? otherwise);
  effect(() => localStorage.setItem(name, value.value));
  return value;
}

export const language = kept("language", navigator.language.startsWith("zh") ? "zh" : "en");
export const theme = kept("theme", "dark"); // "dark" or "sun"
export const hand = kept("hand", "right"); // the hand that is to have STOP

effect(() => {
  document.documentElement.lang = language.value === "zh" ? "zh-CN" : "en";
  document.documentElement.dataset.theme = theme.value;
  document.documentElement.dataset.hand = hand.value;
});
