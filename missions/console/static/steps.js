// A planned crossing done by hand: which one is at hand, and what leads to the stance of a step.

const NEAR_M = 4;
const MATCH_M = 1.5; // a feature this near to the planned one is the same
const DONE = { grip: 0.002, guide: 0, rotor: 2, travel: 0.02 }; // how near is there: m, -, degrees, m
const SLOW_NEAR = { grip: 0.01, rotor: 10, travel: 0.1 }; // from there on slower

export function nearest(crossings, state) {
  const at = state?.values?.chainage_m ?? null;
  if (at === null) return null;
  const away = ({ from_m, to_m }) => Math.max(from_m - at, at - to_m, 0);
  const best = crossings.reduce((one, other) => (one === null || away(other) < away(one) ? other : one), null);
  return best && away(best) < NEAR_M ? best : null;
}

// How far the real feature is from where the survey has it.
function shift(crossing, features) {
  const planned = crossing.at_m[0];
  const seen = features.find(
    ({ kind, at_m, confirmed }) => confirmed && kind === crossing.features[0] && Math.abs(at_m - planned) < MATCH_M,
  );
  return seen ? seen.at_m - planned : 0;
}

const CARRIAGES = { grip_front: 0, grip_middle: 1, grip_rear: 2 };

// What is still missing on an axis, in its own unit; 0 when it is there.
function missing({ axis, to }, crossing, state) {
  if (axis in CARRIAGES) return beyond(to - state.carriages[CARRIAGES[axis]].grip_mm / 1000, DONE.grip);
  if (axis === "guide") return state.guide === (to > 0 ? "retracted" : "out") ? 0 : to > 0 ? 1 : -1;
  if (axis === "rotor") return beyond(((to - state.values.rotor_deg + 540) % 360) - 180, DONE.rotor);
  // Never back: the rear wheel would come onto laid cable.
  return Math.max(beyond(to + shift(crossing, state.features) - state.values.chainage_m, DONE.travel), 0);
}

const beyond = (way, enough) => (Math.abs(way) <= enough ? 0 : way);

// The next jog towards the stance of a step: {axis, value}, null = the stance is reached. A step begins where the one
// before it ended, the first where the crossing begins.
export function nextJog(crossing, number, state, speedOf) {
  const begin = { axis: "travel", to: number > 0 ? crossing.steps[number - 1].s_m : crossing.from_m };
  for (const wanted of [begin, ...crossing.steps[number].jogs]) {
    const way = missing(wanted, crossing, state);
    if (way === 0) continue;
    const near = Math.abs(way) < (SLOW_NEAR[wanted.axis.split("_")[0]] ?? 0);
    return { axis: wanted.axis, value: Math.sign(way) * speedOf(wanted.axis) * (near ? 0.3 : 1) };
  }
  return null;
}
