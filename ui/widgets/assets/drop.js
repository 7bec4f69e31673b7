// Takes files and folders that are dropped or chosen, says what they are before anything is sent, and sends them.
// What is being sent goes on while other pages of the app are shown, and is shown again when this one comes back.
const HIDDEN = /(^|\/)(\.|__MACOSX\/|Thumbs\.db$|desktop\.ini$)/;
const zones = new Map(); // a zone's key and folder -> what it knows, as long as the tab is open
const drawn = new WeakMap(); // an element -> the zone that is drawn in it

function make(root, state) {
  const add = (tag, name, into, words = "") => {
    const made = document.createElement(tag);
    made.className = name;
    made.textContent = words;
    into.append(made);
    return made;
  };
  const button = (name, into, act) => {
    const made = add("button", name, into);
    made.type = "button";
    made.onclick = act;
    return made;
  };
  const ui = { root };
  root.replaceChildren();
  ui.label = add("div", "label", root);
  ui.zone = add("div", "zone", root);
  ui.here = add("p", "here", ui.zone);
  ui.count = add("p", "count", ui.zone);
  ui.left = add("p", "quiet", ui.zone);
  ui.bar = add("div", "bar", ui.zone);
  ui.fill = add("div", "fill", ui.bar);
  Object.entries({ role: "progressbar", "aria-valuemin": 0, "aria-valuemax": 100 }).forEach((pair) => ui.bar.setAttribute(...pair));
  ui.going = add("p", "quiet", ui.zone);
  ui.said = add("p", "said", ui.zone);
  ui.said.setAttribute("role", "status");
  const tools = add("div", "tools", ui.zone);
  ui.send = button("primary", tools, () => { start(state.batch); watch(state); ui.stop.focus(); });
  ui.again = button("primary", tools, () => { start(state.batch); watch(state); ui.stop.focus(); });
  ui.stop = button("", tools, () => { cancel(state.batch); ui.choose.focus(); });
  ui.clear = button("", tools, () => { empty(state); ui.choose.focus(); });
  ui.choose = button("", tools, () => ui.files.click());
  ui.folder = button("", tools, () => ui.folders.click());
  ui.help = add("p", "quiet help", ui.zone);
  for (const name of ["files", "folders"]) {
    const input = add("input", name, root);
    Object.assign(input, { type: "file", hidden: true, multiple: true, webkitdirectory: name === "folders" });
    input.onchange = () => {
      const chosen = [...input.files].map((blob) => ({ blob, name: blob.webkitRelativePath || blob.name }));
      input.value = ""; // so that the same files may be chosen again
      choose(state, chosen);
    };
    ui[name] = input;
  }
  let over = 0;
  ui.zone.ondragenter = () => { over += 1; ui.zone.classList.add("over"); };
  ui.zone.ondragleave = () => { over -= 1; if (!over) ui.zone.classList.remove("over"); };
  ui.zone.ondragover = (event) => event.preventDefault();
  ui.zone.ondrop = (event) => {
    event.preventDefault();
    over = 0;
    ui.zone.classList.remove("over");
    take(state, event.dataTransfer);
  };
  return ui;
}

// Entries are only there while the event lasts; what is in folders is read after it.
async function take(state, { items, files }) {
  if (busy(state)) return;
  const entries = [...items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) {
    choose(state, [...files].map((blob) => ({ blob, name: blob.name })));
    return;
  }
  state.reading = true;
  render(state);
  const found = [];
  for (const entry of entries) await walk(entry, found).catch(() => {}); // what cannot be opened is not there
  state.reading = false;
  choose(state, found);
}

async function walk(entry, found) {
  const asked = (method, on) => new Promise((done, failed) => on[method](done, failed));
  if (entry.isFile) {
    found.push({ blob: await asked("file", entry), name: entry.fullPath.replace(/^\//, "") });
    return;
  }
  const reader = entry.createReader();
  for (let some; (some = await asked("readEntries", reader)).length; ) { // a hundred at a time
    for (const one of some) await walk(one, found).catch(() => {});
  }
}

function wanted({ blob, name }, accept) {
  const kinds = accept.split(",").map((kind) => kind.trim().toLowerCase()).filter(Boolean);
  const type = blob.type.toLowerCase();
  return !kinds.length || kinds.some((kind) => (kind.startsWith(".") ? name.toLowerCase().endsWith(kind)
    : kind.endsWith("/*") ? type.startsWith(kind.slice(0, -1)) : type === kind));
}

function choose(state, chosen) {
  const { words, accept, many, most_bytes, most_files } = state.data;
  if (busy(state)) return;
  if (!chosen.length && !state.reading) { render(state); return; } // the dialog was closed
  const seen = chosen.filter(({ name }) => !HIDDEN.test(name));
  const taken = seen.filter((one) => wanted(one, accept)), others = seen.filter((one) => !wanted(one, accept));
  const batch = gather(state.link, words, taken);
  const told = { files: several(taken.length, "file"), size: size(batch.size) };
  state.batch = batch;
  state.why = !taken.length ? words.none
    : !many && taken.length > 1 ? words.single
    : taken.length > most_files ? fill(words.over_files, { ...told, most: several(most_files, "file") })
    : batch.size > most_bytes ? fill(words.over_bytes, { ...told, most: size(most_bytes) }) : "";
  state.others = others.length ? fill(words.others, { files: several(others.length, "file"), name: others[0].name }) : "";
  batch.show = () => render(state);
  batch.ended = () => { if (whole(batch).length) { state.news = crypto.getRandomValues(new Uint32Array(2)).join("-"); tell(state); } };
  render(state);
  (state.why ? state.ui.choose : state.ui.send).focus({ preventScroll: true });
}

function busy({ batch, reading }) { return reading || ["going", "failed"].includes(batch?.phase); }

function empty(state) {
  Object.assign(state, { batch: null, why: "", others: "" });
  render(state);
}

// Told once the page that asked is there again.
function tell(state) {
  if (!state.news || !state.report) return;
  state.report(state.news);
  state.news = "";
}

function watch(state) {
  clearInterval(state.clock);
  state.clock = setInterval(() => {
    if (state.batch?.phase === "going") count(state);
    else clearInterval(state.clock);
  }, 500);
}

function count({ ui, batch, data: { words } }) {
  const sent = moved(batch), share = batch.size ? Math.floor((100 * sent) / batch.size) : 0, left = rest(batch);
  const told = { done: whole(batch).length.toLocaleString("en"), files: several(batch.files.length, "file"), sent: size(sent), size: size(batch.size) };
  ui.fill.style.width = share + "%";
  ui.bar.setAttribute("aria-valuenow", share);
  const text = fill(batch.files.length === 1 ? words.going_one : words.going, told);
  ui.bar.setAttribute("aria-valuetext", text);
  ui.count.textContent = text;
  ui.left.textContent = batch.waiting ? words.waiting : left === null ? "" : fill(words.rest, { rest: about(left) });
}

function summary({ batch, why, others, reading, data: { words } }) {
  if (reading) return words.reading;
  if (!batch) return "";
  const files = several(whole(batch).length, "file"), gone = lost(batch);
  const gaps = gone.length ? fill(words.unreadable, { files: several(gone.length, "file"), name: gone[0].name }) : "";
  const told = { chosen: [why, others], going: [], failed: [batch.said], done: [fill(words.done, { files }), gaps], cancelled: [fill(words.cancelled, { files })] };
  return told[batch.phase].filter(Boolean).join(" ");
}

function render(state) {
  const { ui, batch, data } = state, { words } = data;
  const phase = state.reading ? "reading" : batch?.phase ?? "empty", ready = phase === "chosen" && !state.why;
  const told = batch && { files: several(batch.files.length, "file"), size: size(batch.size) };
  const sending = phase === "going" || phase === "failed", open = !sending && !state.reading;
  ui.root.setAttribute("aria-label", data.label);
  const texts = { label: data.label, here: data.many ? words.here : words.here_one, send: told ? fill(words.send, told) : "", again: words.again, stop: words.cancel,
    clear: words.clear, choose: data.many ? words.choose : words.choose_one, folder: words.folder, going: words.stay,
    help: `${data.help} ${fill(words.limits, { files: several(data.most_files, "file"), size: size(data.most_bytes) })}`.trim() };
  Object.entries(texts).forEach(([name, text]) => { ui[name].textContent = text; });
  if (ready) ui.count.textContent = fill(words.chosen, told);
  const text = summary(state);
  if (ui.said.textContent !== text) ui.said.textContent = text;
  ui.said.classList.toggle("wrong", phase === "failed" || Boolean(phase === "chosen" && state.why));
  const shown = { here: open && !ready, count: ready || sending, left: phase === "going", bar: sending, going: phase === "going", said: true,
    send: ready, again: phase === "failed", stop: sending, clear: ready, choose: open && !ready,
    folder: open && !ready && data.many && "webkitdirectory" in HTMLInputElement.prototype, help: open && !ready };
  Object.entries(shown).forEach(([name, on]) => { ui[name].hidden = !on; });
  Object.assign(ui.files, { accept: data.accept, multiple: data.many });
  ui.bar.setAttribute("aria-label", words.bar);
  if (sending) count(state);
}

export default function ({ parentElement, data, setStateValue }) {
  const root = parentElement.querySelector(".drop"), name = `${data.key} ${data.folder}`;
  if (!zones.has(name)) zones.set(name, { link: {}, others: "", why: "", news: "" });
  const state = zones.get(name), before = drawn.get(root);
  Object.assign(state.link, { ticket: data.ticket, base: data.base, path: data.path });
  const leave = (one) => { one.report = one.link.renew = null; };
  state.data = data;
  if (before !== state) {
    if (before) leave(before);
    state.ui = make(root, state);
    drawn.set(root, state);
  }
  state.report = (news) => setStateValue("done", news);
  state.link.renew = () => setStateValue("renew", performance.now());
  render(state);
  if (state.batch?.phase === "going") watch(state);
  tell(state);
  return () => {
    const last = drawn.get(root);
    if (last?.ui.root === root) leave(last);
  };
}
