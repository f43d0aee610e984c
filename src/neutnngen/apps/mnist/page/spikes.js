// Pictures of spike times: colours, the raster, maps and grids with one cell per line, and the legend that counts spikes by time.

export let SILENT = 255;
const MOST_CELLS = 1 << 18; // beyond, a cell stands for several lines and shows the earliest of them

// Magma (Smith, van der Walt): its lightness falls evenly. Early spikes stand out: dark on a light page, light on a dark one.
const MAGMA = ["000004", "140e36", "3b0f70", "641a80", "8c2981", "b73779", "de4968", "f7705c", "fe9f6d", "fecf92", "fcfdbf"]
  .map((hex) => [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16)));
const SPAN = { light: [0.17, 0.9], dark: [0.97, 0.42] };
const scheme = matchMedia("(prefers-color-scheme: dark)");

export function setSilent(time) { SILENT = time; }

export function element(tag, name = "", text = "") {
  const made = document.createElement(tag);
  made.className = name;
  made.textContent = text;
  return made;
}

export function token(name) { return getComputedStyle(document.documentElement).getPropertyValue(name).trim(); }

export function number(value) { return value.toLocaleString("en-US"); }

export function onThemeChange(act) { scheme.addEventListener("change", act); }

/** First and last time so far: it only grows, so that colours stay comparable from stroke to stroke. */
export class Range {
  first = Infinity;
  last = -Infinity;
  include(times) {
    for (const t of times) if (t !== SILENT) { this.first = Math.min(this.first, t); this.last = Math.max(this.last, t); }
  }
  get empty() { return this.first > this.last; }
  share(t) { return this.last > this.first ? (t - this.first) / (this.last - this.first) : 0; }
  colour(t) {
    const [early, late] = SPAN[scheme.matches ? "dark" : "light"];
    const place = (early + (late - early) * this.share(t)) * (MAGMA.length - 1);
    const low = Math.min(Math.floor(place), MAGMA.length - 2);
    return MAGMA[low].map((c, n) => Math.round(c + (MAGMA[low + 1][n] - c) * (place - low)));
  }
  css(t) { return `rgb(${this.colour(t).join(" ")})`; }
  /** Colours of all 256 times as pixels. */
  pixels() {
    const bytes = new Uint8ClampedArray(4 * 256);
    if (!this.empty) for (let t = this.first; t <= this.last; t++) bytes.set([...this.colour(t), 255], 4 * t);
    bytes.set([0, 0, 0, 0], 4 * SILENT);
    return new Uint32Array(bytes.buffer);
  }
}

/** One pixel per line, row by row; the page scales it up. */
export function paintTimes(canvas, times, columns, range) {
  const rows = Math.max(Math.ceil(times.length / columns), 1);
  Object.assign(canvas, { width: columns, height: rows });
  const context = canvas.getContext("2d");
  const image = context.createImageData(columns, rows);
  const pixels = new Uint32Array(image.data.buffer);
  const colours = range.pixels();
  for (let n = 0; n < times.length; n++) pixels[n] = colours[times[n]];
  context.putImageData(image, 0, 0);
}

/** How many columns show `lines` cells in `width` pixels well: whole rows if some number near allows it. */
function arrange(lines, width) {
  const tallest = lines > 20000 ? 260 : 140;
  let cell = Math.max(1, Math.min(14, Math.round(Math.sqrt((width * tallest) / lines))));
  if (lines * 14 <= width) cell = 14;
  const most = Math.max(1, Math.min(lines, Math.floor(width / cell)));
  for (let columns = most; columns > 0.7 * most; columns--) if (lines % columns === 0) return [columns, cell];
  return [most, cell];
}

function earliest(times, group) {
  const all = new Uint8Array(Math.ceil(times.length / group)).fill(SILENT);
  for (let n = 0; n < times.length; n++) all[Math.floor(n / group)] = Math.min(all[Math.floor(n / group)], times[n]);
  return all;
}

function countText(times) {
  let spikes = 0;
  for (const t of times) if (t !== SILENT) spikes++;
  return `${number(spikes)} of ${number(times.length)} lines spike`;
}

/** The legend: a bar per time, as tall as its spikes are many, in the colour of that time. */
export function paintLegend(room, times, range) {
  room.replaceChildren();
  room.setAttribute("aria-label", "No spikes yet");
  if (range.empty || range.last === 0) return;
  const counts = new Array(256).fill(0);
  for (const t of times) counts[t]++;
  counts[SILENT] = 0;
  const most = Math.max(...counts, 1);
  const bars = element("div", "bars");
  bars.style.maxWidth = `${64 * (range.last - range.first + 1)}px`;
  const wide = range.last - range.first < 24;
  for (let t = range.first; t <= range.last; t++) {
    const bar = element("div", "bar");
    const fill = element("i");
    fill.style.height = counts[t] ? `${Math.max(2, (24 * counts[t]) / most)}px` : "0";
    fill.style.background = range.css(t);
    const swatch = element("b");
    swatch.style.background = range.css(t);
    bar.title = `time ${t}: ${number(counts[t])} spikes`;
    bar.append(fill, swatch, element("span", "", wide || t === range.first || t === range.last ? String(t) : ""));
    bars.append(bar);
  }
  room.setAttribute("aria-label", `Spikes by time, from ${range.first} to ${range.last}; the earlier, the stronger`);
  room.append(element("p", "side", "early, strong"), bars, element("p", "side", "late, weak"));
}

/** Say which line is under the pointer. */
function watch(canvas, say, describe) {
  canvas.addEventListener("pointermove", (event) => {
    const box = canvas.getBoundingClientRect();
    const x = Math.floor(((event.clientX - box.left) / box.width) * canvas.width);
    const y = Math.floor(((event.clientY - box.top) / box.height) * canvas.height);
    say(describe(x, y));
  });
  canvas.addEventListener("pointerleave", () => say(null));
}

function when(t) { return t === SILENT ? "silent" : `time ${t}`; }

/** A grid with a cell per line in `room`; `say` hears what is under the pointer. */
function makeGrid(room, say) {
  const frame = element("div", "grid");
  const canvas = element("canvas");
  canvas.setAttribute("role", "img");
  frame.append(canvas);
  room.append(frame);
  let shown = new Uint8Array(0), group = 1;
  watch(canvas, say, (x, y) => {
    const n = y * canvas.width + x;
    return n < shown.length ? `line ${number(n * group)}${group > 1 ? ` … ${number((n + 1) * group - 1)}` : ""}: ${when(shown[n])}` : null;
  });
  return (times, range, label) => {
    group = Math.ceil(times.length / MOST_CELLS);
    shown = group > 1 ? earliest(times, group) : times;
    const [columns, cell] = arrange(shown.length, room.clientWidth);
    paintTimes(canvas, shown, columns, range);
    canvas.style.width = `${columns * cell}px`;
    canvas.style.height = `${canvas.height * cell}px`;
    canvas.setAttribute("aria-label", label);
    frame.style.setProperty("--cell", `${cell}px`);
    frame.classList.toggle("fine", cell < 5);
    return group > 1 ? `a cell is ${group} lines, the earliest shows` : "";
  };
}

/** The card of one layer. Returns a function that shows its times. */
export function makeLayer(room, name) {
  const card = element("article", "card");
  const head = element("div", "head");
  const count = element("p", "count");
  head.append(element("h2", "", name), count);
  const body = element("div"), times = element("div", "times");
  times.setAttribute("role", "img");
  card.append(head, body, times);
  room.append(card);
  let text = "";
  const draw = makeGrid(body, (under) => { count.textContent = under ?? text; });
  const range = new Range();
  return (values) => {
    range.include(values);
    text = countText(values);
    const note = draw(values, range, `${name}: ${text}`);
    if (note) text += ` · ${note}`;
    count.textContent = text;
    paintLegend(times, values, range);
  };
}

/** The card of the input: raster, maps of the image (one per channel, up to four), legend. Returns a function that shows its times. */
export function makeInput(card, shape, lines) {
  const [rows, columns] = shape;
  const channels = lines / (rows * columns);
  const count = card.querySelector(".count"), raster = card.querySelector("#raster"), maps = card.querySelector("#maps");
  const range = new Range();
  range.include([0]); // the strongest value spikes at time 0, whether or not this drawing has it
  let text = "", shown = new Uint8Array(0);
  const say = (under) => { count.textContent = under ?? text; };
  const mapped = Number.isInteger(channels) ? (channels > 4 ? 1 : channels) : 0;
  const canvases = Array.from({ length: mapped }, (_, channel) => {
    const figure = element("figure"), canvas = element("canvas", "map");
    canvas.setAttribute("role", "img");
    canvas.style.aspectRatio = `${columns} / ${rows}`;
    const whole = channels > 4 ? "earliest of all lines of a pixel" : channels > 1 ? `line ${channel + 1} of each pixel` : "by pixel";
    figure.append(canvas, element("figcaption", "", whole));
    maps.append(figure);
    watch(canvas, say, (x, y) => {
      const at = (y * columns + x) * channels;
      const t = channels > 4 ? Math.min(...shown.subarray(at, at + channels)) : shown[at + channel];
      return t === undefined ? null : `row ${y}, column ${x}: ${when(t)}`;
    });
    return canvas;
  });
  const grid = mapped ? null : makeGrid(maps, say);
  maps.style.setProperty("--maps", mapped > 2 ? 2 : 1);
  const spread = mapped > 0;
  card.querySelector("#raster-caption").textContent = spread
    ? "A dot is a spike: time to the right, lines downwards; within a time, dots lie by column of the image."
    : "A dot is a spike: time to the right, lines downwards.";
  return (values) => {
    shown = values;
    range.include(values);
    text = countText(values);
    count.textContent = text;
    paintRaster(raster, values, range, spread ? (line) => (Math.floor(line / channels) % columns) / columns : null);
    canvases.forEach((canvas, channel) => {
      const part = channels > 4 ? earliest(values, channels) : values.filter((_, n) => n % channels === channel);
      paintTimes(canvas, part, columns, range);
      canvas.setAttribute("aria-label", `Map of the image by spike time: ${countText(part)}`);
    });
    grid?.(values, range, `Input: ${text}`);
    paintLegend(card.querySelector(".times"), values, range);
  };
}

/** spread: where in the band of its time a line's dot lies, 0 … 1. */
function paintRaster(canvas, times, range, spread) {
  const sharp = devicePixelRatio || 1, width = canvas.clientWidth, height = canvas.clientHeight;
  Object.assign(canvas, { width: Math.round(width * sharp), height: Math.round(height * sharp) });
  const context = canvas.getContext("2d");
  context.scale(sharp, sharp);
  const left = 44, bottom = 20, top = 6, right = 6;
  const [first, last] = [range.first, range.last || 7];
  const band = (width - left - right) / (last - first + 1), tall = height - top - bottom;
  context.font = "11px system-ui, 'DejaVu Sans', sans-serif";
  context.fillStyle = token("--soft");
  context.strokeStyle = token("--line");
  context.textAlign = "center";
  const every = Math.ceil((last - first + 1) / Math.max(1, Math.floor((width - left - right) / 26)));
  for (let t = first; t <= last; t++) {
    const x = left + (t - first) * band;
    if ((t - first) % every === 0) {
      context.fillText(String(t), x + band / 2, height - 5);
      context.strokeRect(x, top, 0, tall);
    }
  }
  context.strokeRect(left, top, width - left - right, tall);
  context.textAlign = "right";
  for (const part of [0, 0.5, 1]) context.fillText(number(Math.round(part * times.length)), left - 6, top + 8 + part * (tall - 8));
  const dot = band >= 14 ? 2 : 1.5;
  const styles = Array.from({ length: 256 }, (_, t) => (t < first || t > last ? "" : range.css(t)));
  for (let line = 0; line < times.length; line++) {
    const t = times[line];
    if (t === SILENT) continue;
    const inside = spread && band >= 14 ? 0.08 + 0.84 * spread(line) : 0.5;
    context.fillStyle = styles[t];
    context.fillRect(left + (t - first + inside) * band - dot / 2, top + 1 + ((line + 0.5) / times.length) * (tall - 2) - dot / 2, dot, dot);
  }
}
