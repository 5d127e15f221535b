// What a person would find wrong with a screen by looking at it; run in the page, gives a list of faults.
({ glove, bare, free, contrast, figures }) => {
  const faults = [];
  const name = (node) => `<${node.tagName.toLowerCase()} class="${node.className?.baseVal ?? node.className}"> ${node.innerText?.slice(0, 40) ?? ""}`;
  const shown = (node) => node.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true });

  // The part of a node that can be seen and touched, inside all boxes that cut it off.
  const visible = (node) => {
    let { left, top, right, bottom } = node.getBoundingClientRect();
    for (let box = node.parentElement; box; box = box.parentElement) {
      if (getComputedStyle(box).overflow === "visible") continue;
      const cut = box.getBoundingClientRect();
      [left, top] = [Math.max(left, cut.left), Math.max(top, cut.top)];
      [right, bottom] = [Math.min(right, cut.right), Math.min(bottom, cut.bottom)];
    }
    return right - left > 1 && bottom - top > 1 ? { left, top, right, bottom } : null;
  };

  if (document.body.innerText.includes("‹")) faults.push(`no text: ${document.body.innerText.match(/‹[^›]*›/g)}`);
  if (document.documentElement.scrollWidth > innerWidth) faults.push("the page is wider than its window");

  // ---- what can be tapped
  const stop = document.querySelector("#stop").getBoundingClientRect();
  if (stop.width < 360 || stop.height < 132) faults.push(`STOP is ${stop.width} x ${stop.height}`);
  if (innerWidth - stop.right > 16 || innerHeight - stop.bottom > 16) faults.push("STOP is not in the corner");
  for (const node of document.querySelectorAll("button, a, input, [role=slider]")) {
    if (!shown(node) || node.id === "stop") continue;
    const { width, height } = node.getBoundingClientRect();
    const least = node.closest(".acts, .drive-main") && (innerWidth > 700 || !node.closest(".camera-tiles")) ? glove : bare;
    if (width < least - 0.5 || height < least - 0.5) faults.push(`too small, ${Math.round(width)} x ${Math.round(height)}: ${name(node)}`);
    const seen = visible(node);
    if (!seen) continue;
    const x = Math.max(stop.left - seen.right, seen.left - stop.right, 0);
    const y = Math.max(stop.top - seen.bottom, seen.top - stop.bottom, 0);
    if (Math.hypot(x, y) < free - 0.5) faults.push(`${Math.round(Math.hypot(x, y))} px from STOP: ${name(node)}`);
    if (seen.right > innerWidth + 1 || seen.left < -1) faults.push(`off the screen: ${name(node)}`);
  }

  // ---- words
  const parse = (text) => text.match(/[\d.]+/g).map(Number);
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((one) => (one / 255 <= 0.03928 ? one / 255 / 12.92 : ((one / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const ground = (node) => {
    for (let box = node; box; box = box.parentElement) {
      const [r, g, b, alpha = 1] = parse(getComputedStyle(box).backgroundColor);
      if (alpha > 0.7) return [r, g, b];
    }
    return [255, 255, 255];
  };
  for (const node of document.body.querySelectorAll("*")) {
    const words = [...node.childNodes].some((one) => one.nodeType === Node.TEXT_NODE && one.textContent.trim());
    if (!words || !shown(node) || node.closest(".plot")) continue;
    const style = getComputedStyle(node);
    if (parseFloat(style.fontSize) < 18) faults.push(`${style.fontSize}: ${name(node)}`);
    const pair = [light(parse(style.color)), light(ground(node))].sort();
    const ratio = (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
    const wanted = figures && node.closest(".figure, .huge") ? figures : contrast;
    if (ratio < wanted) faults.push(`contrast ${ratio.toFixed(1)}: ${name(node)}`);
    for (let box = node; box && box !== document.body; box = box.parentElement) {
      const { overflowX, overflowY } = getComputedStyle(box);
      if (overflowY === "auto" || box.matches(".side .watch")) break;
      if (overflowX !== "visible" || box.matches("button")) {
        if (box.scrollWidth > box.clientWidth + 1) faults.push(`cut off at the side: ${name(box)}`);
        if (box.scrollHeight > box.clientHeight + 2 && box.matches("button, .line *, .top *, .figures, .ruler-words, #stop")) faults.push(`cut off below: ${name(box)}`);
      }
    }
  }
  return [...new Set(faults)];
}
