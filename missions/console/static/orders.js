// Jogs: the axes that can be driven by hand, how fast, and what is said while a button is held.
import { signal } from "@preact/signals";
import { tell } from "./link.js";

// Slow and normal speed in the axis' own unit per second: m/s, rad/s for what turns.
export const SPEEDS = {
  travel: [0.05, 0.1],
  grip_front: [0.01, 0.02],
  grip_middle: [0.01, 0.02],
  grip_rear: [0.01, 0.02],
  rotor: [0.2, 0.6],
  cable: [0.03, 0.1],
  trim: [0.01, 0.03],
  guide: [0.02, 0.04],
  traction_front: [0.5, 1.0],
  traction_middle: [0.5, 1.0],
  traction_rear: [0.5, 1.0],
};

export const axis = signal("travel");
export const slow = signal(true);

export const jogSpeed = (name) => SPEEDS[name][slow.value ? 0 : 1];
export const jog = (name, value) => tell("jog", { axis: name, value });
export const jogEnd = (name) => () => jog(name, 0);
