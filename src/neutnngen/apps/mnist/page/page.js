// The page: strokes become a drawing, the drawing goes to the server, and what the network makes of it is shown.

import { element, makeInput, makeLayer, number, onThemeChange, setSilent, token } from "./spikes.js";

const SIDE = 280; // the drawing as it is sent; the pen's width is in these pixels
const CLOSE = 0.004; // points of a stroke nearer to each other than this are one
const at = (id) => document.getElementById(id);
const paper = at("paper");
const ink = Object.assign(document.createElement("canvas"), { width: SIDE, height: SIDE }).getContext("2d", { willReadFrequently: true });

let strokes = []; // lists of [x, y], 0 … 1
let current = null; // the stroke that is being drawn
let about = null;
let shown = null; // the last answer, for drawing it again in another size or theme
let showInput = null;
let showLayers = [];

// ---- drawing

function trace(context, side, stroke, from, colour) {
  context.strokeStyle = colour;
  context.lineWidth = (at("pen").valueAsNumber * side) / SIDE;
  context.lineCap = context.lineJoin = "round";
  context.beginPath();
  context.moveTo(stroke[from][0] * side, stroke[from][1] * side);
  for (const [x, y] of stroke.slice(from)) context.lineTo(x * side, y * side);
  context.stroke();
}

function draw(stroke, from = 0) {
  trace(paper.getContext("2d"), paper.width, stroke, from, token("--pen"));
  trace(ink, SIDE, stroke, from, "white");
}

function drawAll() {
  paper.getContext("2d").clearRect(0, 0, paper.width, paper.height);
  ink.fillStyle = "black";
  ink.fillRect(0, 0, SIDE, SIDE);
  for (const stroke of strokes) draw(stroke);
  at("invitation").hidden = strokes.length > 0;
}

function changed() {
  drawAll();
  keep();
  ask();
}

function place(event) {
  const box = paper.getBoundingClientRect();
  const inside = (v) => Math.min(1, Math.max(0, v));
  return [inside((event.clientX - box.left) / box.width), inside((event.clientY - box.top) / box.height)];
}

paper.addEventListener("pointerdown", (event) => {
  if (event.button !== 0 || current) return;
  event.preventDefault();
  paper.setPointerCapture(event.pointerId);
  current = { pointer: event.pointerId, stroke: [place(event)] };
  strokes.push(current.stroke);
  at("invitation").hidden = true;
  draw(current.stroke);
  ask();
});

paper.addEventListener("pointermove", (event) => {
  if (current?.pointer !== event.pointerId) return;
  const { stroke } = current;
  const from = stroke.length - 1;
  const seen = event.getCoalescedEvents?.() ?? [];
  for (const part of seen.length ? seen : [event]) {
    const [x, y] = place(part), [lastX, lastY] = stroke.at(-1);
    if (Math.hypot(x - lastX, y - lastY) >= CLOSE) stroke.push([x, y]);
  }
  if (stroke.length - 1 > from) { draw(stroke, from); ask(); }
});

for (const kind of ["pointerup", "pointercancel"]) paper.addEventListener(kind, (event) => {
  if (current?.pointer !== event.pointerId) return;
  current = null;
  keep();
});

function clear() { strokes = []; current = null; changed(); }

function undo() { if (!current && strokes.pop()) changed(); }

at("clear").addEventListener("click", clear);
at("undo").addEventListener("click", undo);
at("pen").addEventListener("input", () => { drawAll(); ask(); });
at("pen").addEventListener("change", () => keep());
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "c") clear();
  if (event.key === "z") undo();
});

// ---- the address holds the drawing

function keep() {
  const text = strokes.map((s) => s.map((point) => point.map((v) => Number(v.toFixed(3))).join(",")).join(";")).join("|");
  const pen = at("pen").value === at("pen").defaultValue ? "" : `&pen=${at("pen").value}`;
  history.replaceState(null, "", text ? `?strokes=${text}${pen}` : location.pathname);
}

function recall() {
  const wanted = new URLSearchParams(location.search);
  const point = (text) => text.split(",").map(Number);
  const legal = (p) => p.length === 2 && p.every((v) => Number.isFinite(v) && v >= 0 && v <= 1);
  const all = (wanted.get("strokes") ?? "").split("|").map((s) => (s ? s.split(";").map(point).filter(legal) : []));
  strokes = all.filter((s) => s.length);
  if (wanted.has("pen")) at("pen").value = wanted.get("pen");
}

// ---- asking: one request at a time; what was drawn meanwhile goes with the next one

let busy = false, again = false;

async function ask() {
  again = true;
  if (busy || !about) return;
  busy = true;
  delete document.body.dataset.label;
  let fresh = false; // whether the last answer is that of the drawing as it is
  while (again) {
    await new Promise((done) => requestAnimationFrame(done)); // several changes of one frame are one request
    again = false;
    fresh = false;
    if (!strokes.length) { blank(); continue; }
    const answer = await post();
    if (answer && strokes.length) { show(answer); fresh = true; }
  }
  busy = false;
  if (fresh) document.body.dataset.label = about.classes[shown.label] ?? "none";
}

function pixels() {
  const rgba = ink.getImageData(0, 0, SIDE, SIDE).data;
  let text = "";
  const row = new Uint8Array(SIDE);
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) row[x] = rgba[4 * (y * SIDE + x)];
    text += String.fromCharCode(...row);
  }
  return btoa(text);
}

async function post() {
  try {
    const body = JSON.stringify({ width: SIDE, height: SIDE, pixels: pixels() });
    const reply = await fetch("read", { method: "POST", headers: { "Content-Type": "application/json" }, body });
    const answer = await reply.json();
    if (!reply.ok) throw new Error(answer.error);
    trouble("");
    return answer;
  } catch (error) {
    if (error instanceof TypeError) gone();
    else trouble(error.message);
    return null;
  }
}

function trouble(text) {
  at("trouble").hidden = !text;
  at("trouble").textContent = text;
}

let waiting = null;

/** Say that nobody answers, and look every two seconds whether somebody does. */
function gone() {
  trouble("The server does not answer. Start it again and draw on: this page finds it by itself.");
  waiting ??= setInterval(async () => {
    const found = await lookUp();
    if (!found) return;
    clearInterval(waiting);
    waiting = null;
    trouble("");
    if (!about) start();
    else if (JSON.stringify(found) === JSON.stringify(about)) ask();
    else location.reload(); // another network is at work
  }, 2000);
}

// ---- showing

function bytes(text) { return Uint8Array.from(atob(text), (c) => c.charCodeAt(0)); }

function show(answer) {
  shown = { ...answer, inputs: bytes(answer.inputs), layers: answer.layers.map(bytes), image: bytes(answer.image) };
  showAgain();
}

function showAgain() {
  if (!about) return;
  const quiet = (n) => new Uint8Array(n).fill(about.silent);
  showInput(shown?.inputs ?? quiet(about.inputs));
  about.layers.forEach((size, n) => showLayers[n](shown?.layers[n] ?? quiet(size)));
  showImage(shown?.image ?? new Uint8Array(about.shape[0] * about.shape[1]));
  showAnswer();
}

function blank() {
  shown = null;
  showAgain();
}

function showImage(image) {
  const [rows, columns] = about.shape, canvas = at("seen");
  Object.assign(canvas, { width: columns, height: rows });
  const picture = new ImageData(columns, rows);
  image.forEach((v, n) => picture.data.set([v, v, v, 255], 4 * n));
  canvas.getContext("2d").putImageData(picture, 0, 0);
}

function showAnswer() {
  const strengths = shown?.strengths ?? about.classes.map(() => 0), label = shown?.label ?? -1;
  const low = Math.min(0, ...strengths), span = Math.max(1, ...strengths) - low;
  const others = strengths.map((_, n) => n).filter((n) => n !== label).sort((a, b) => strengths[b] - strengths[a]);
  const second = label >= 0 ? others[0] : undefined;
  [...at("classes").children].forEach((row, n) => {
    row.className = n === label ? "wins" : n === second ? "second" : "";
    const [, track, value, mark] = row.children;
    track.firstChild.style.left = `${(100 * (Math.min(0, strengths[n]) - low)) / span}%`;
    track.firstChild.style.width = `${(100 * Math.abs(strengths[n])) / span}%`;
    value.textContent = shown ? number(strengths[n]) : "";
    mark.textContent = n === label ? "wins" : n === second ? "2nd" : "";
  });
  const name = about.classes[label] ?? (shown ? "?" : "–");
  at("winner").textContent = name;
  at("winner").parentElement.classList.toggle("long", name.length > 3);
  at("latency").textContent = shown ? `${shown.latency_ms.toFixed(shown.latency_ms < 10 ? 2 : 0)} ms` : "–";
  const lead = second === undefined ? 0 : strengths[label] - strengths[second];
  at("lead").textContent = !shown ? (strokes.length ? "No answer yet." : "Nothing is drawn yet.") : label < 0 ? "No class wins."
    : second === undefined ? `It is ${name}.`
    : lead > 0 ? `It is ${name}, ${number(lead)} ahead of ${about.classes[second]}.` : `It is ${name}, level with ${about.classes[second]}.`;
}

// ---- start

/** What is at work, or null where nobody answers. */
async function lookUp() {
  const reply = await fetch("about").catch(() => null);
  return reply?.ok ? reply.json() : null;
}

async function start() {
  about = await lookUp();
  if (!about) { gone(); return; }
  setSilent(about.silent);
  at("title").textContent = about.title;
  at("shape").textContent = about.shape.join(" × ");
  at("invitation").textContent = about.classes.length > 2 ? `Draw one of ${about.classes[0]} … ${about.classes.at(-1)} here` : "Draw here";
  showInput = makeInput(at("input"), about.shape, about.inputs);
  showLayers = about.layers.map((_, n) => makeLayer(at("layers"), `Layer ${n + 1}`));
  at("classes").classList.toggle("long", about.classes.some((name) => name.length > 3));
  for (const name of about.classes) {
    const row = element("li"), track = element("span", "track");
    track.append(element("i"));
    row.append(element("span", "name", name), track, element("span", "value"), element("span", "mark"));
    at("classes").append(row);
  }
  showAgain();
  if (strokes.length) ask();
}

recall();
drawAll();
start();
onThemeChange(() => { drawAll(); showAgain(); });
let settled = 0, width = innerWidth;
addEventListener("resize", () => {
  cancelAnimationFrame(settled);
  if (innerWidth !== width) settled = requestAnimationFrame(() => { width = innerWidth; showAgain(); });
});
