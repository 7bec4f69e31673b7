// The title behind which a phone folds what stands in the same container; `page.css` hides it there while it is folded.
const unfolded = new Set();

export default function ({ data, parentElement }) {
  const button = parentElement.querySelector("button");
  const place = parentElement.getRootNode().host.closest(`.st-key-fold-${data.name}`);
  const show = () => {
    button.setAttribute("aria-expanded", String(unfolded.has(data.name)));
    place.toggleAttribute("data-unfolded", unfolded.has(data.name));
  };
  button.textContent = data.title;
  button.onclick = () => {
    if (!unfolded.delete(data.name)) unfolded.add(data.name);
    show();
  };
  show();
}
