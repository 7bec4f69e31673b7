// Pictures in a row that wraps, or on a phone is scrolled; it is a tab stop then, where nothing in it is one. With
// data.clickable each picture is a button that reports its id.
const sizes = new ResizeObserver((changes) => changes.forEach(({ target }) => stop(target)));

function stop(root) {
  if (root.scrollWidth > root.clientWidth + 1 && !root.querySelector("button")) root.tabIndex = 0;
  else root.removeAttribute("tabindex");
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".gallery");
  root.setAttribute("aria-label", data.title);
  root.style.setProperty("--wide", data.wide + "px");
  const kind = data.clickable ? "BUTTON" : "DIV";
  while (root.children.length > data.cells.length) root.lastChild.remove();
  data.cells.forEach((item, at) => {
    let cell = root.children[at];
    if (!cell || cell.tagName !== kind) {
      const fresh = document.createElement(kind);
      fresh.append(document.createElement("img"), document.createElement("span"));
      if (data.clickable) fresh.type = "button";
      if (cell) cell.replaceWith(fresh); else root.append(fresh);
      cell = fresh;
    }
    cell.className = ["cell", item.chosen && "chosen", data.smooth && "smooth"].filter(Boolean).join(" ");
    const [picture, words] = cell.children;
    if (picture.src !== item.src) picture.src = item.src;
    picture.alt = item.alt;
    words.textContent = item.words;
    cell.dataset.id = item.id;
    if (data.clickable) {
      cell.setAttribute("aria-pressed", String(item.chosen));
      cell.onclick = () => setTriggerValue("picked", item.id);
    }
  });
  stop(root);
  sizes.observe(root);
}
