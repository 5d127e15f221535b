// Curves over the last seconds, drawn by uPlot; the right edge is now.
import { html } from "htm/preact";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { fetchJson } from "../pages.js";
import { language, theme } from "../settings.js";
import { t } from "../texts.js";

const EVERY_MS = 1000;
const LONG_S = 120; // from there on the axis counts minutes
const LINES = ["--line-1", "--line-2"];

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function options(names, width, height, seconds) {
  const [ink, grid] = [colour("--ink"), colour("--edge")];
  const axis = { stroke: ink, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid }, font: "16px sans-serif" };
  return {
    width,
    height,
    scales: { x: { time: false, range: [-seconds, 0] } },
    legend: { show: false },
    cursor: { show: false },
    axes: [
      {
        ...axis,
        size: 32,
        space: 70,
        incrs: seconds > LONG_S ? [60, 300, 600] : [10, 20],
        values: (_, at) => at.map((s) => (seconds > LONG_S ? `${s / 60} min` : `${s} s`)),
      },
      ...names.map((name, number) => ({ ...axis, scale: name, side: number ? 1 : 3, size: 64, grid: { ...axis.grid, show: number === 0 } })),
    ],
    series: [{}, ...names.map((name, number) => ({ scale: name, stroke: colour(LINES[number]), width: 3, dash: number ? [10, 6] : undefined }))],
  };
}

// One or two of the server's series.
export function LiveCurve({ names, seconds }) {
  const box = useRef(null);
  useEffect(() => {
    const place = box.current;
    let gone = false;
    let data = [[], ...names.map(() => [])];
    let plot = null;
    const draw = () => {
      plot?.destroy();
      plot = new uPlot(options(names, place.clientWidth, place.clientHeight, seconds), data, place);
    };
    const fill = async () => {
      const page = await fetchJson(`trends?s=${seconds}`);
      if (gone || !page) return;
      const now = page.t_s.at(-1) ?? 0;
      data = [page.t_s.map((at) => at - now), ...names.map((name) => page.series[name])];
      plot?.setData(data);
    };
    const sized = new ResizeObserver(draw);
    sized.observe(place);
    fill();
    const timer = setInterval(fill, EVERY_MS);
    return () => {
      gone = true;
      clearInterval(timer);
      sized.disconnect();
      plot?.destroy();
    };
  }, [names.join(), seconds, theme.value, language.value]);
  return html`<div class="curve">
    <p>${names.map((name, number) => html`<span class=${`legend-${number + 1}`}>${t(`series.${name}`)}</span>`)}</p>
    <div class="plot" ref=${box}></div>
  </div>`;
}
