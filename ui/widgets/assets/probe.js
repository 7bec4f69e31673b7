// The network's input, pixel by pixel: pointing at one (or moving with the arrow keys) shows its three numbers
// before and after normalisation, by the formula that the caption states.
const CHANNELS = ["red", "green", "blue"];

function make(root) {
  const sheet = root.querySelector(".sheet");
  const canvas = sheet.querySelector("canvas");
  const state = { sheet, canvas, pen: canvas.getContext("2d", { willReadFrequently: true }), at: null };
  sheet.onpointermove = sheet.onpointerdown = (event) => {
    const box = sheet.getBoundingClientRect();
    const cell = (spot, size) => Math.min(state.side - 1, Math.max(0, Math.floor((spot / size) * state.side)));
    show(root, state, [cell(event.clientX - box.left, box.width), cell(event.clientY - box.top, box.height)]);
  };
  sheet.onkeydown = (event) => {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!step) return;
    event.preventDefault();
    show(root, state, state.at.map((place, axis) => Math.min(state.side - 1, Math.max(0, place + step[axis]))));
  };
  return state;
}

function show(root, state, at) {
  state.at = at;
  const mark = root.querySelector(".mark");
  const share = 100 / state.side;
  Object.assign(mark.style, { left: at[0] * share + "%", top: at[1] * share + "%", width: share + "%", height: share + "%" });
  const bytes = state.pen.getImageData(at[0], at[1], 1, 1).data;
  root.querySelector("caption").textContent = `Pixel in column ${at[0]}, row ${at[1]}`;
  CHANNELS.forEach((name, c) => {
    const scaled = bytes[c] / 255;
    const numbers = [bytes[c], scaled.toFixed(3), state.mean[c].toFixed(3), state.std[c].toFixed(3),
      ((scaled - state.mean[c]) / state.std[c]).toFixed(3).replace("-", "\u2212")];
    numbers.forEach((number, column) => { root.querySelectorAll("tbody tr")[c].children[column + 1].textContent = number; });
  });
}

const probes = new WeakMap();

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".probe");
  if (!probes.has(root)) probes.set(root, make(root));
  const state = probes.get(root);
  Object.assign(state, { side: data.side, mean: data.mean, std: data.std });
  state.sheet.setAttribute("aria-label", data.alt);
  if (state.src === data.src) return;
  state.src = data.src;
  const picture = new Image();
  picture.onload = () => {
    state.canvas.width = state.canvas.height = data.side;
    state.pen.drawImage(picture, 0, 0);
    show(root, state, state.at ?? [data.side >> 1, data.side >> 1]);
  };
  picture.src = data.src;
}
