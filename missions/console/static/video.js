// One camera: asks for a picture, draws it, asks for the next. Knows how old the drawn one is.
import { signal } from "@preact/signals";
import { address, serverMs } from "./link.js";

const HEAD_BYTES = 18;
const FROZEN_MS = 1000;
const AGAIN_MS = 1000;

export class Video {
  constructor(camera, draw) {
    this.camera = camera;
    this.draw = draw; // (bitmap, overlay)
    this.ageMs = signal(null);
    this.frozen = signal(true);
    this.takenMs = null;
    this.watch = setInterval(() => this.look(), 200);
    this.open();
  }

  open() {
    this.socket = new WebSocket(address(`ws/video/${this.camera}`));
    this.socket.binaryType = "arraybuffer";
    this.socket.onopen = () => this.next();
    this.socket.onmessage = (event) => this.receive(event.data);
    this.socket.onclose = () => {
      if (this.watch) setTimeout(() => this.watch && this.open(), AGAIN_MS);
    };
  }

  next() {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send('{"type":"next"}');
  }

  async receive(data) {
    if (typeof data === "string") return;
    const head = new DataView(data);
    const length = head.getUint16(16);
    const overlay = JSON.parse(new TextDecoder().decode(new Uint8Array(data, HEAD_BYTES, length)));
    const bitmap = await createImageBitmap(new Blob([new Uint8Array(data, HEAD_BYTES + length)]));
    this.takenMs = Number(head.getBigUint64(4));
    this.draw(bitmap, overlay);
    bitmap.close();
    this.look();
    this.next();
  }

  look() {
    if (this.takenMs === null) return;
    this.ageMs.value = Math.max(Math.round(serverMs() - this.takenMs), 0);
    this.frozen.value = this.ageMs.value > FROZEN_MS;
  }

  close() {
    clearInterval(this.watch);
    this.watch = null;
    this.socket.close();
  }
}
