// On a phone the sidebar lies over the page: it closes as soon as a choice in it has been taken, by finger or keyboard,
// or a page been opened. What was taken before is noted at the page itself, which outlives this component when another
// page is opened.
const OVER = "(max-width: 768px)"; // where Streamlit lays the sidebar over the page
const OPEN = "[data-testid=stSidebar][data-collapsed=false]";

function close() {
  if (matchMedia(OVER).matches) document.querySelector(`${OPEN} [data-testid=stSidebarCollapseButton] button`)?.click();
}

export default function ({ data }) {
  const { dataset } = document.documentElement;
  const before = dataset.drawer;
  dataset.drawer = data.chosen;
  if (before === undefined) {
    document.addEventListener("click", ({ target }) => {
      if (target.closest(`${OPEN} [data-testid=stPageLink-NavLink]`)) setTimeout(close);
    });
  } else if (before !== data.chosen) close();
}
