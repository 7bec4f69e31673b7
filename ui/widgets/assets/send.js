// Sends files to the app's server in pieces, several at once; stands in front of the components that send. A piece that
// fails is sent again after pauses that grow. The server says how much of a file it has, so what was stopped goes on there.
const PIECE = 4 * 2 ** 20, LANES = 3, LONGEST = 1000;
const PAUSES = [500, 1000, 2000, 4000, 8000, 15000]; // milliseconds; a restart of the server fits in
const FINAL = [400, 410, 413, 507]; // the server's last word: sending the same again helps nothing

// Streamlit's own script was loaded from the app's root, whatever folder or proxy that lies behind.
function address(link) {
  const script = document.querySelector('script[src*="static/js/"]');
  const root = script ? script.src.split("static/js/")[0] : new URL(`/${link.base}/`.replace(/\/+/g, "/"), location.href).href;
  return root + link.path;
}

function ask(batch, method, heads, body, moved) {
  return new Promise((done) => {
    const call = new XMLHttpRequest();
    call.open(method, address(batch.link));
    call.setRequestHeader("x-thaw-ticket", batch.link.ticket);
    Object.entries(heads).forEach(([name, value]) => call.setRequestHeader("x-thaw-" + name, String(value)));
    if (moved) call.upload.onprogress = (event) => moved(event.loaded);
    call.onloadend = () => {
      batch.calls.delete(call);
      let told = {};
      try { told = JSON.parse(call.responseText); } catch { /* not from the app: its number says enough */ }
      done({ error: "", ...told, status: call.status });
    };
    batch.calls.add(call);
    call.send(body);
  });
}

function pause(batch, time) {
  return new Promise((done) => {
    const wake = () => { clearTimeout(timer); batch.asleep.delete(wake); done(); };
    const timer = setTimeout(wake, time);
    batch.asleep.add(wake);
  });
}

async function patiently(batch, act) {
  for (let tries = 0; ; tries++) {
    const told = await act();
    if (batch.halted) throw new Error("");
    if (told.status === 200 || (told.status === 409 && "offset" in told)) {
      batch.waiting = false;
      return told;
    }
    if (FINAL.includes(told.status) || tries === PAUSES.length) throw new Error(told.error || batch.words.lost);
    if (told.status === 404) batch.link.renew?.(); // the server is a new one: drawn anew, the page has a new ticket
    batch.waiting = true;
    batch.show();
    await pause(batch, PAUSES[tries]);
    if (batch.halted) throw new Error("");
  }
}

async function push(batch, file) {
  for (let told, astray = 0; ; astray += told.status === 409) {
    const from = file.sent, end = Math.min(file.blob.size, from + PIECE);
    const body = await file.blob.slice(from, end).arrayBuffer().catch(() => null);
    if (!body || body.byteLength !== end - from || astray > PAUSES.length) { // changed or gone since it was chosen
      file.state = "lost";
      return;
    }
    const heads = { number: batch.first + file.at, name: encodeURIComponent(file.name), size: file.blob.size, offset: from };
    told = await patiently(batch, () => ask(batch, "POST", heads, body, (count) => { file.flying = Math.min(count, body.byteLength); }));
    file.flying = 0;
    file.sent = told.offset;
    if (told.status === 200 && file.sent >= file.blob.size) {
      file.state = "whole";
      return;
    }
  }
}

// What is to be sent, and how far it is. `show` is called whenever something has changed but the count of bytes.
function gather(link, words, chosen) {
  const files = chosen.map(({ blob, name }, at) => ({
    blob, at, sent: 0, flying: 0, state: "waiting", name: [...name.replace(/\p{Surrogate}/gu, "?")].slice(-LONGEST).join(""),
  }));
  const size = files.reduce((sum, { blob }) => sum + blob.size, 0);
  return { link, words, files, size, calls: new Set(), asleep: new Set(), phase: "chosen", said: "", show() {} };
}

function whole(batch) { return batch.files.filter((file) => file.state === "whole"); }
function lost(batch) { return batch.files.filter((file) => file.state === "lost"); }
function moved(batch) { return batch.files.reduce((sum, file) => sum + file.sent + file.flying, 0); }

async function start(batch) {
  Object.assign(batch, { phase: "going", said: "", halted: false, waiting: false, marks: [] });
  window.addEventListener("beforeunload", hold);
  window.addEventListener("pagehide", leave);
  running.add(batch);
  batch.show();
  try {
    if (batch.first === undefined) {
      const heads = { files: batch.files.length, bytes: batch.size };
      batch.first = (await patiently(batch, () => ask(batch, "PUT", heads))).first;
    }
    const left = batch.files.filter((file) => file.state === "waiting");
    const lane = async () => {
      for (let file; !batch.halted && (file = left.shift()); batch.show()) await push(batch, file);
    };
    const lanes = Array.from({ length: LANES }, () => lane().catch((error) => { halt(batch); throw error; }));
    const ends = await Promise.allSettled(lanes);
    const why = ends.map((end) => end.reason?.message).find(Boolean);
    if (why) throw new Error(why);
    if (batch.phase !== "going") return;
    if (lost(batch).length) await drop(batch);
    end(batch, "done");
  } catch (error) {
    if (batch.phase !== "going") return; // cancelled meanwhile
    batch.files.forEach((file) => { file.flying = 0; });
    Object.assign(batch, { phase: "failed", said: error.message || batch.words.lost });
    batch.show();
  }
}

function halt(batch) {
  if (batch.halted) return; // else it would end the call that cleans up
  batch.halted = true;
  [...batch.calls].forEach((call) => call.abort());
  [...batch.asleep].forEach((wake) => wake());
}

function cancel(batch) {
  halt(batch);
  if (batch.first !== undefined) drop(batch);
  end(batch, "cancelled");
}

// What is unfinished of this batch is removed on the server.
async function drop(batch) {
  for (const time of [0, ...PAUSES.slice(0, 3)]) {
    await new Promise((done) => { setTimeout(done, time); });
    if ((await ask(batch, "DELETE", { number: batch.first, files: batch.files.length })).status) return;
  }
}

function end(batch, phase) {
  batch.phase = phase;
  running.delete(batch);
  if (!running.size) window.removeEventListener("beforeunload", hold); // it keeps browsers from going back quickly
  batch.show();
  batch.ended?.();
}

const running = new Set();

// Whoever leaves all the same leaves nothing unfinished behind; the browser sends this after the page is gone.
function leave() {
  running.forEach((batch) => {
    const headers = { "x-thaw-ticket": batch.link.ticket, "x-thaw-number": String(batch.first), "x-thaw-files": String(batch.files.length) };
    if (batch.first !== undefined) fetch(address(batch.link), { method: "DELETE", keepalive: true, headers }).catch(() => {});
  });
}

function hold(event) {
  event.preventDefault();
  event.returnValue = true; // older browsers ask only then
}

// Seconds that are left, by the speed of the last ten; none until it is known.
function rest(batch) {
  const now = performance.now() / 1000, sent = moved(batch);
  batch.marks.push([now, sent]);
  while (batch.marks.length > 2 && batch.marks[0][0] < now - 10) batch.marks.shift();
  const [before, had] = batch.marks[0];
  return now - before > 2 && sent > had ? ((batch.size - sent) * (now - before)) / (sent - had) : null;
}

function size(count) {
  for (const [limit, unit] of [[2 ** 30, "GB"], [2 ** 20, "MB"], [2 ** 10, "kB"]]) {
    const value = count / limit;
    if (value >= 0.9995) return `${value < 99.5 && value % 1 ? value.toFixed(1) : Math.round(value).toLocaleString("en")} ${unit}`;
  }
  return `${count} bytes`;
}

function several(number, word) { return `${number.toLocaleString("en")} ${word}${number === 1 ? "" : "s"}`; }

function about(time) {
  if (time < 8) return "a few seconds";
  if (time < 55) return `about ${5 * Math.round(time / 5)} s`;
  if (time < 100) return time < 80 ? "about a minute" : "about 1½ min";
  return time < 3300 ? `about ${Math.round(time / 60)} min` : `about ${Math.round(time / 1800) / 2} h`;
}

function fill(text, values) { return text.replace(/\{(\w+)\}/g, (hole, name) => (name in values ? values[name] : hole)); }
