// Entering the console: if the server knows this device, both connections are opened.
import { connect } from "./link.js";
import { openStop } from "./stop.js";

export async function enter() {
  const known = await (await fetch("api/hello")).json();
  if (!known.paired) return;
  openStop();
  connect();
}
