// A tab stop for each table that is wider than its place, for as long as it is.
const PLACES = "[data-testid=stTable] > div";
const WORDS = { role: "group", tabindex: "0", "aria-label": "A wide table: scroll it with the arrow keys" };
const known = new WeakSet();

function mark(place) {
  const wide = place.scrollWidth > place.clientWidth + 1;
  for (const [name, value] of Object.entries(WORDS)) {
    if (wide) place.setAttribute(name, value);
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
