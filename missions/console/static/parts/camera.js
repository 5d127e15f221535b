// The picture of one camera with what is known in it, its age, and a veil when it stands still.
import { html } from "htm/preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { both, named, t } from "../texts.js";
import { Video } from "../video.js";

const AXIS = "#00e0ff";
const BOX = "#ffd000";

function drawOn(canvas, bitmap, overlay) {
  if (canvas.width !== bitmap.width || canvas.height !== bitmap.height) {
    [canvas.width, canvas.height] = [bitmap.width, bitmap.height];
  }
  const pen = canvas.getContext("2d");
  pen.drawImage(bitmap, 0, 0);
  pen.lineWidth = 3;
  pen.strokeStyle = AXIS;
  pen.setLineDash([10, 8]);
  pen.beginPath();
  overlay.axis.forEach(([x, y], number) => (number ? pen.lineTo(x, y) : pen.moveTo(x, y)));
  pen.stroke();
  pen.setLineDash([]);
  overlay.features.forEach((feature) => drawFeature(pen, feature));
}

// The label stands left of the box: the right side is for the buttons.
function drawFeature(pen, { kind, range_m, box: [x, y, w, h] }) {
  const label = `${named("kinds", kind)}  ${range_m.toFixed(1)} m`;
  pen.strokeStyle = BOX;
  pen.strokeRect(x, y, w, h);
  pen.font = "bold 20px sans-serif";
  const across = pen.measureText(label).width + 12;
  const left = Math.max(x - across - 6, 2);
  const top = Math.max(y + h / 2 - 14, 2);
  pen.fillStyle = BOX;
  pen.fillRect(left, top, across, 28);
  pen.fillStyle = "#000";
  pen.fillText(label, left + 6, top + 21);
}

export function Camera({ name, children }) {
  const canvas = useRef(null);
  const [video, setVideo] = useState(null);
  useEffect(() => {
    const one = new Video(name, (bitmap, overlay) => canvas.current && drawOn(canvas.current, bitmap, overlay));
    setVideo(one);
    return () => one.close();
  }, [name]);
  const age = video?.ageMs.value ?? null;
  return html`<div class="camera">
    <canvas ref=${canvas} width="640" height="480" role="img" aria-label=${t(`ui.camera_${name}`)}></canvas>
    ${video?.frozen.value !== false && html`<div class="veil"><b>${both("ui.frozen").join(" ")}</b>
      <span>${age === null ? t("ui.no_picture") : `${(age / 1000).toFixed(1)} s`}</span></div>`}
    <div class="camera-age">${t(`ui.camera_${name}`)} ${age === null ? "–" : `${age} ms`}</div>
    ${children}
  </div>`;
}
