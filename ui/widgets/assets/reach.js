// A tab stop for each table and each row that is wider than its place, and for the guided lesson's text where it is longer than its
// bar, for as long as it is.
const TEXT = ".st-key-guide-text";
const ROW = "[class*=st-key-row-]";
const PLACES = `[data-testid=stTable] > div, ${ROW}, ${TEXT}`;
const TABLE_WORDS = "A wide table: scroll it with the arrow keys";
const ROW_WORDS = "A row that goes on: scroll it with the arrow keys";
const TEXT_WORDS = "A long text: scroll it with the arrow keys";
const known = new WeakSet();

function mark(place) {
  const text = place.matches(TEXT);
  const beyond = text ? place.scrollHeight > place.clientHeight + 1 : place.scrollWidth > place.clientWidth + 1;
  const words = { role: "group", tabindex: "0", "aria-label": text ? TEXT_WORDS : place.matches(ROW) ? ROW_WORDS : TABLE_WORDS };
  for (const [name, value] of Object.entries(words)) {
    if (beyond) place.setAttribute(name, value);
    else place.removeAttribute(name);
  }
}

const sizes = new ResizeObserver((changes) => {
  new Set(changes.map((change) => change.target.closest(PLACES))).forEach((place) => place && mark(place));
});

function find() {
  for (const place of document.querySelectorAll(PLACES)) {
    for (const part of [place, place.firstElementChild]) {
      if (!part || known.has(part)) continue;
      known.add(part);
      sizes.observe(part);
    }
  }
}

export default function () {
  if (document.documentElement.dataset.reach) return;
  document.documentElement.dataset.reach = "on";
  new MutationObserver(find).observe(document.body, { childList: true, subtree: true });
  find();
}
