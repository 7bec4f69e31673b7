// Takes one picture after another with the learner's camera, and sends each at once. The camera is on only while it is
// seen: closing it, hiding the tab and leaving the page turn it off. What was taken is sent all the same.
const HOLD = 400, EVERY = 250, QUIET = 600; // milliseconds: when holding begins, between two, before the page is told
const SIDE = 1920, QUALITY = 0.92, THUMBS = 6;
const cameras = new Map(); // a camera's key and folder -> what it knows, as long as the tab is open
const drawn = new WeakMap(); // an element -> the camera that is drawn in it

function make(root, state) {
  const add = (tag, name, into) => {
    const made = document.createElement(tag);
    made.className = name;
    into.append(made);
    return made;
  };
  const button = (name, into, act) => Object.assign(add("button", name, into), { type: "button", onclick: act });
  root.replaceChildren();
  const ui = { root, label: add("div", "label", root), frame: add("div", "frame", root) };
  ui.video = Object.assign(add("video", "", ui.frame), { muted: true, playsInline: true });
  const tools = add("div", "tools", root);
  ui.open = button("", tools, () => open(state));
  ui.take = button("primary", tools, null);
  ui.again = button("", tools, () => { start(state.batch); });
  ui.other = button("", tools, () => open(state, 1));
  ui.close = button("", tools, () => { close(state); ui.open.focus(); });
  ui.hint = add("p", "quiet", root);
  ui.said = add("p", "said", root);
  ui.said.setAttribute("role", "status");
  ui.thumbs = add("div", "thumbs", root);
  ui.thumbs.append(...state.thumbs);
  press(state, ui.take);
  return ui;
}

// A press takes one, holding takes more, by pointer and by keys alike; what only clicks (a screen reader) takes one.
function press(state, take) {
  let timer, pressed = false;
  const begin = () => {
    if (pressed) return;
    pressed = true;
    shoot(state);
    timer = setTimeout(() => { timer = setInterval(() => shoot(state, true), EVERY); }, HOLD);
  };
  const finish = () => {
    clearTimeout(timer); // one clears both kinds
    setTimeout(() => { pressed = false; }); // after the click that ends it
  };
  const key = (event) => [" ", "Enter"].includes(event.key) && (event.preventDefault(), true);
  take.onpointerdown = (event) => { if (event.button === 0) { take.setPointerCapture(event.pointerId); begin(); } };
  take.onpointerup = take.onpointercancel = take.onlostpointercapture = take.onblur = finish;
  take.onkeydown = (event) => { if (key(event) && !event.repeat) begin(); };
  take.onkeyup = (event) => { if (key(event)) finish(); };
  take.onclick = () => { if (!pressed) shoot(state); };
  take.oncontextmenu = (event) => event.preventDefault(); // a finger that holds
}

async function open(state, step = 0) {
  const { words } = state.data, turn = (state.turn = (state.turn ?? 0) + 1);
  if (!window.isSecureContext || !navigator.mediaDevices) return say(state, words.insecure);
  const at = state.devices.indexOf(state.device), wanted = step && state.devices[(at + step) % state.devices.length];
  stop(state);
  state.opening = true;
  say(state, words.starting);
  try {
    const side = { width: { ideal: SIDE } };
    const which = wanted ? { deviceId: { exact: wanted } } : { facingMode: { ideal: "environment" } };
    const stream = await navigator.mediaDevices.getUserMedia({ audio: false, video: { ...side, ...which } });
    if (turn !== state.turn) return stream.getTracks().forEach((track) => track.stop()); // closed meanwhile
    const [track] = stream.getVideoTracks();
    track.onended = () => { close(state); say(state, words.gone); };
    const { deviceId, facingMode } = track.getSettings();
    Object.assign(state, { stream, device: deviceId, opening: false });
    const { video } = state.ui;
    video.classList.toggle("mirror", facingMode === "user");
    video.srcObject = stream;
    await video.play();
    const found = (await navigator.mediaDevices.enumerateDevices()).filter(({ kind }) => kind === "videoinput");
    state.devices = found.map((one) => one.deviceId);
    say(state, "");
    if (!step) state.ui.take.focus();
  } catch (error) {
    if (turn !== state.turn) return;
    stop(state);
    state.opening = false;
    const told = { NotAllowedError: words.refused, SecurityError: words.refused, NotReadableError: words.busy, AbortError: words.busy };
    say(state, told[error.name] ?? words.none);
  }
}

function stop(state) {
  state.stream?.getTracks().forEach((track) => { track.onended = null; track.stop(); });
  state.stream = null;
  if (state.ui) state.ui.video.srcObject = null;
}

function close(state) {
  state.turn = (state.turn ?? 0) + 1;
  state.opening = false;
  stop(state);
  say(state, "");
}

function say(state, text) {
  state.said = text;
  render(state);
}

// A press that comes while the last picture is still being packed is kept; the ticks of holding are not.
async function shoot(state, ticks = false) {
  const { video, thumbs, frame } = state.ui, { words, most_files } = state.data;
  const wide = video.videoWidth, high = video.videoHeight;
  if (!state.stream || !wide || state.batch?.phase === "failed") return;
  if (state.shooting) {
    state.more ||= !ticks;
    return;
  }
  if (waiting(state) >= most_files) return say(state, words.full);
  Object.assign(state, { shooting: true, more: false });
  const share = Math.min(1, SIDE / Math.max(wide, high));
  const blob = await new Promise((done) => { paint(video, wide * share, high * share).toBlob(done, "image/jpeg", QUALITY); });
  state.shooting = false;
  if (!blob) return;
  state.taken += 1;
  const now = new Date(), two = (number, digits = 2) => String(number).padStart(digits, "0");
  const day = `${now.getFullYear()}${two(now.getMonth() + 1)}${two(now.getDate())}`;
  const hour = `${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}`;
  state.queue.push({ blob, name: `photo-${day}-${hour}-${two(state.taken, 4)}.jpg` });
  const thumb = paint(video, (96 * wide) / high, 96);
  thumb.setAttribute("role", "img");
  thumb.setAttribute("aria-label", fill(words.picture, { done: state.taken.toLocaleString("en") }));
  state.thumbs = [thumb, ...state.thumbs].slice(0, THUMBS);
  thumbs.replaceChildren(...state.thumbs);
  frame.classList.remove("flash");
  requestAnimationFrame(() => frame.classList.add("flash"));
  say(state, "");
  next(state);
  if (state.more) {
    state.more = false;
    shoot(state);
  }
}

function paint(video, wide, high) {
  const canvas = Object.assign(document.createElement("canvas"), { width: Math.round(wide), height: Math.round(high) });
  canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
  return canvas;
}

function waiting({ queue, batch }) { return queue.length + (busy(batch) ? batch.files.length - whole(batch).length : 0); }
function busy(batch) { return ["going", "failed"].includes(batch?.phase); }

// What was taken while a batch was on its way is the next batch.
function next(state) {
  if (busy(state.batch) || !state.queue.length) return;
  const batch = (state.batch = gather(state.link, state.data.words, state.queue.splice(0)));
  batch.show = () => render(state);
  batch.ended = () => {
    state.arrived += whole(batch).length;
    if (whole(batch).length) state.news = crypto.getRandomValues(new Uint32Array(2)).join("-");
    render(state);
    next(state);
    clearTimeout(state.quiet);
    state.quiet = setTimeout(() => tell(state), QUIET);
  };
  start(batch);
}

// Told once nothing is on its way and the page that asked is there.
function tell(state) {
  if (!state.news || !state.report || state.queue.length || state.batch?.phase === "going") return;
  state.report(state.news);
  state.news = "";
}

function render(state) {
  const { ui, batch, data, taken, arrived } = state, { words } = data;
  if (!ui) return;
  const on = Boolean(state.stream), failed = batch?.phase === "failed", there = arrived + (busy(batch) ? whole(batch).length : 0);
  ui.root.setAttribute("aria-label", data.label);
  Object.assign(ui.video, { ariaLabel: words.preview });
  const texts = { label: data.label, open: words.open, take: words.take, again: words.again, other: words.other, close: words.close, hint: words.hold };
  Object.entries(texts).forEach(([name, text]) => { ui[name].textContent = text; });
  const count = taken ? fill(words.taken, { files: several(taken, "picture"), done: there.toLocaleString("en") }) : "";
  const text = [state.said, failed ? batch.said : batch?.waiting ? words.waiting : "", count].filter(Boolean).join(" ");
  if (ui.said.textContent !== text) ui.said.textContent = text;
  ui.said.classList.toggle("wrong", failed || Boolean(state.said && !on && !state.opening));
  const shown = { frame: on || state.opening, open: !on && !state.opening, take: on, again: failed,
    other: on && state.devices.length > 1, close: on || state.opening, hint: on, thumbs: Boolean(state.thumbs.length) };
  Object.entries(shown).forEach(([name, show]) => { ui[name].hidden = !show; });
}

document.addEventListener("visibilitychange", () => { if (document.hidden) cameras.forEach(close); });
window.addEventListener("pagehide", () => cameras.forEach(stop));

export default function ({ parentElement, data, setStateValue }) {
  const root = parentElement.querySelector(".camera"), name = `${data.key} ${data.folder}`;
  if (!cameras.has(name)) cameras.set(name, { link: {}, devices: [], queue: [], thumbs: [], taken: 0, arrived: 0, said: "", news: "" });
  const state = cameras.get(name), before = drawn.get(root);
  const leave = (one) => {
    one.report = one.link.renew = null;
    close(one);
  };
  Object.assign(state.link, { ticket: data.ticket, base: data.base, path: data.path });
  state.data = data;
  if (before !== state) {
    if (before) leave(before);
    state.ui = make(root, state);
    drawn.set(root, state);
  }
  state.report = (news) => setStateValue("taken", news);
  state.link.renew = () => setStateValue("renew", performance.now());
  render(state);
  tell(state);
  return () => {
    const last = drawn.get(root);
    if (last?.ui.root === root) leave(last);
  };
}
