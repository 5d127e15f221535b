// A gamepad, if there is one: a shoulder button is the deadman, the left stick travels, B is STOP.
import { driving, mode } from "./link.js";
import { begin, held, release } from "./hold.js";
import { jog, jogEnd, jogSpeed } from "./orders.js";
import { stop } from "./stop.js";

const STOP_BUTTON = 1;
const DEADMEN = [4, 5];
const STICK = 1; // vertical axis of the left stick, up is negative
const REST = 0.2; // of the stick's way

let stopDown = false;

const pad = () => [...navigator.getGamepads()].find((one) => one?.connected);

function look() {
  const one = pad();
  if (!one) return;
  const down = one.buttons[STOP_BUTTON]?.pressed ?? false;
  if (down && !stopDown) stop();
  stopDown = down;
  const wanted = mode.value === "MANUAL" && driving.value && document.hasFocus() && deadman(one) && push(one) !== 0;
  if (wanted && held.value === null) begin("gamepad", travel, jogEnd("travel"));
  if (!wanted && held.value === "gamepad") release();
}

const deadman = (one) => DEADMEN.some((number) => one.buttons[number]?.pressed);

function push(one) {
  const way = -(one.axes[STICK] ?? 0);
  return Math.abs(way) < REST ? 0 : way;
}

const travel = () => jog("travel", push(pad() ?? { axes: [] }) * jogSpeed("travel"));

setInterval(look, 50);
