// On a phone the sidebar lies over the page: it closes as soon as a choice in it has been taken, by finger or keyboard,
// or a page been opened. What was taken before is noted at the page itself, which outlives this component when another
// page is opened. And a finger on a chart scrolls the page, where the chart would take the finger for itself.
const OVER = "(max-width: 768px)"; // where Streamlit lays the sidebar over the page
const OPEN = "[data-testid=stSidebar][data-collapsed=false]";
const CHARTS = "[data-testid=stVegaLiteChart], [data-testid=stPlotlyChart]";

function close() {
  if (matchMedia(OVER).matches) document.querySelector(`${OPEN} [data-testid=stSidebarCollapseButton] button`)?.click();
}

function leave(event) {
  const finger = event.pointerType ?? "touch"; // a mouse may go on dragging
  if (finger === "touch" && event.target.closest?.(CHARTS)) event.stopPropagation();
}

function watch() {
  document.addEventListener("click", ({ target }) => {
    if (target.closest(`${OPEN} [data-testid=stPageLink-NavLink]`)) setTimeout(close);
  });
  for (const name of ["touchstart", "touchmove", "pointerdown"]) addEventListener(name, leave, { capture: true, passive: true });
}

export default function ({ data }) {
  const { dataset } = document.documentElement;
  const before = dataset.phone;
  dataset.phone = data.chosen;
  if (before === undefined) watch();
  else if (before !== data.chosen) close();
}
