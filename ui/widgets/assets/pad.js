// A drawing pad: brush, rubber, undo, clear. Reports the picture as a PNG after each stroke.
const SIDE = 384;
const INKS = [["black", "#1b1b1b"], ["brown", "#7a4a21"], ["red", "#c0392b"], ["yellow", "#e3b505"], ["green", "#2e8b57"],
  ["blue", "#2864b4"], ["violet", "#7d4fa3"]];

function make(root) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIDE;
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", "Drawing area: draw with mouse, finger or pen. Without one of them, use Upload.");
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  const state = { canvas, pen, ink: INKS[0][1], rubber: false, wide: 9, past: [] };
  const inks = document.createElement("div");
  const tools = document.createElement("div");
  inks.className = tools.className = "tools";
  const button = (words, act, into, name) => {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = words;
    made.onclick = act;
    if (name) { made.setAttribute("aria-label", name); made.title = name; }
    into.append(made);
    return made;
  };
  const show = () => {
    state.buttons.forEach(([made, on]) => made.setAttribute("aria-pressed", String(on())));
  };
  state.buttons = INKS.map(([name, colour]) => {
    const made = button("", () => { state.ink = colour; state.rubber = false; show(); }, inks, name);
    made.classList.add("ink");
    made.style.background = colour;
    return [made, () => !state.rubber && state.ink === colour];
  });
  state.buttons.push([button("Eraser", () => { state.rubber = !state.rubber; show(); }, tools), () => state.rubber]);
  button("Undo", () => { if (state.past.length) { pen.putImageData(state.past.pop(), 0, 0); state.tell(); } }, tools);
  button("Clear", () => { keep(state); blank(state); state.tell(); }, tools);
  const label = document.createElement("label");
  const range = document.createElement("input");
  Object.assign(range, { type: "range", min: 2, max: 40, value: state.wide });
  range.oninput = () => { state.wide = Number(range.value); };
  label.append("Width", range);
  tools.append(label);
  root.append(canvas, inks, tools);
  blank(state);
  show();
  draw(state);
  return state;
}

function blank({ pen }) {
  pen.fillStyle = "#ffffff";
  pen.fillRect(0, 0, SIDE, SIDE);
}

function keep(state) {
  state.past.push(state.pen.getImageData(0, 0, SIDE, SIDE));
  if (state.past.length > 30) state.past.shift();
}

function draw(state) {
  const { canvas, pen } = state;
  let last = null;
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return [((event.clientX - box.left) * SIDE) / box.width, ((event.clientY - box.top) * SIDE) / box.height];
  };
  const line = (to) => {
    pen.strokeStyle = state.rubber ? "#ffffff" : state.ink;
    pen.lineWidth = state.wide * (state.rubber ? 2 : 1);
    pen.lineCap = pen.lineJoin = "round";
    pen.beginPath();
    pen.moveTo(...last);
    pen.lineTo(...to);
    pen.stroke();
    last = to;
  };
  canvas.onpointerdown = (event) => {
    event.preventDefault();
    canvas.setPointerCapture(event.pointerId);
    keep(state);
    last = place(event);
    line(last);
  };
  canvas.onpointermove = (event) => { if (last) line(place(event)); };
  canvas.onpointerup = canvas.onpointercancel = () => { if (last) { last = null; state.tell(); } };
}

const pads = new WeakMap();

function begin({ pen }, start) {
  if (!start) return;
  const picture = new Image();
  picture.onload = () => pen.drawImage(picture, 0, 0, SIDE, SIDE);
  picture.src = start;
}

export default function ({ parentElement, setStateValue, data }) {
  const root = parentElement.querySelector(".pad");
  if (!pads.has(root)) {
    pads.set(root, make(root));
    begin(pads.get(root), data.start);
  }
  const state = pads.get(root);
  state.tell = () => setStateValue("drawing", state.canvas.toDataURL("image/png"));
}
