// The voice of the guided lesson, and what leads to the things that it names. It runs again at each change of data; what
// has begun last is noted at the page itself, which outlives this component when another page is opened.
const MAIN = '[data-testid="stMain"]';
const HEADER = 60;
const GAP = 12;
const STEADY = 16; // looks in a row that find it in one place; one at a page that is done counts for AT_REST of them
const AT_REST = 4;

function find({ name, selector }) {
  if (selector) return document.querySelector(selector);
  return [...document.querySelectorAll(`${MAIN} :is(h2, h3, h4)`)].find((one) => one.textContent.trim() === name);
}

// Scroll, if need be, until the target is in sight between header and bar: with `top` its top below the header, as far
// as `last` stays in sight.
function bring(target, bar, { top = false, last = "" } = {}) {
  const { top: above, bottom: below } = target.getBoundingClientRect();
  const edge = bar.getBoundingClientRect().top;
  if (!top && above >= HEADER && below <= edge) return;
  const high = top || below - above > edge - HEADER;
  let way = high ? above - HEADER - GAP : (above + below - HEADER - edge) / 2;
  const end = last && document.querySelector(last)?.getBoundingClientRect().bottom;
  if (end) way = Math.max(way, end - edge + GAP);
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  document.querySelector(MAIN).scrollBy({ top: way, behavior: still ? "instant" : "smooth" });
}

function ring(target) {
  const frame = { outline: "3px solid var(--thaw-ink)", outlineOffset: "3px" };
  target.animate([frame, frame], { duration: 1800 });
}

// On a slow machine what is named may be drawn only after its name was pressed.
function lead(asked, bar, left = 50) {
  const target = find(asked);
  if (!target) {
    if (left) setTimeout(lead, 100, asked, bar, left - 1);
    return;
  }
  bring(target, bar, { top: !asked.selector }); // under a heading stands what is to be read
  const row = target.closest("[class*=st-key-row-]"); // on a phone it may stand further on in a row
  row?.scrollBy({ left: target.getBoundingClientRect().left - row.getBoundingClientRect().left });
  ring(target);
  const inner = target.matches("a, button, [role=radio]") ? target : target.querySelector("a, button, input, [role=radio]");
  inner?.focus({ preventScroll: true });
  if (asked.press) target.click();
}

// The page is still being drawn when a step begins: wait until it stands still, unless the learner acts first. A slow
// machine may be drawing some part at almost every look; there it counts as still once it has not moved for longer.
function arrive(aim, begun, bar) {
  let [left, seen, steady] = [1200, null, 0];
  const leave = () => { left = 0; };
  const events = ["wheel", "touchmove", "keydown", "pointerdown"];
  events.forEach((name) => addEventListener(name, leave, { once: true, passive: true }));
  const look = () => {
    if (left-- <= 0 || document.body.dataset.guide !== begun) {
      events.forEach((name) => removeEventListener(name, leave));
      return;
    }
    const drawn = document.querySelector('[data-testid="stApp"]').dataset.testScriptState === "notRunning";
    const target = find(aim);
    const stands = target && !target.closest('[data-stale="true"]');
    const place = stands ? target.getBoundingClientRect().top + document.querySelector(MAIN).scrollTop : null;
    steady = place !== null && place === seen ? steady + (drawn ? AT_REST : 1) : 0;
    seen = place;
    if (steady >= STEADY) {
      bring(target, bar, aim);
      left = 0;
    }
    setTimeout(look, 100);
  };
  look();
}

export default function ({ data, parentElement }) {
  const bar = parentElement.getRootNode().host.closest(".st-key-guide");
  bar.onclick = (event) => {
    const link = event.target.closest('a[href^="#guide-"]');
    if (!link) return;
    event.preventDefault();
    lead(data.controls[Number(link.hash.slice("#guide-".length))], bar);
  };
  const before = document.body.dataset.guide;
  if (before === data.begun) return;
  document.body.dataset.guide = data.begun;
  if (before !== undefined) parentElement.querySelector("[role=status]").textContent = data.words;
  if (data.aim?.selector) arrive(data.aim, data.begun, bar);
}
