// On a phone the sidebar lies over the page: it closes as soon as a choice in it has been taken, by finger or keyboard.
// What was taken before is noted at the page itself, which outlives this component when another page is opened.
const OVER = "(max-width: 768px)"; // where Streamlit lays the sidebar over the page

export default function ({ data }) {
  const { dataset } = document.documentElement;
  const before = dataset.drawer;
  dataset.drawer = data.chosen;
  if (before === undefined || before === data.chosen || !matchMedia(OVER).matches) return;
  document.querySelector("[data-testid=stSidebar][aria-expanded=true] [data-testid=stSidebarCollapseButton] button")?.click();
}
