// The network strip: one button per block. Runs again at each change of data, so it builds the boxes once per
// network and afterwards only changes them: focus, scroll position and transitions stay.
const part = (box, name) => box.querySelector("." + name);

function build(root, blocks) {
  root.replaceChildren();
  for (const block of blocks) {
    const box = document.createElement("button");
    box.type = "button";
    box.dataset.block = block.name;
    for (const name of ["bar", "name", "count", "shape"]) {
      const piece = document.createElement("span");
      piece.className = name;
      box.append(piece);
    }
    root.append(box);
  }
}

function paint(box, block, { clickable, marked, hint, verb }) {
  const looks = verb === "look";
  const marks = ["block", block.state, block.fresh && "new", block.moving && "moving", clickable && "clickable",
    looks && block.name === marked && "marked", block.name === hint && "hint"];
  box.className = marks.filter(Boolean).join(" ");
  box.setAttribute("aria-label", block.told);
  box.setAttribute("aria-pressed", String(looks ? block.name === marked : block.state === "trainable"));
  if (clickable && (looks || block.state !== "empty")) box.removeAttribute("aria-disabled");
  else box.setAttribute("aria-disabled", "true");
  box.title = block.told;
  part(box, "bar").style.setProperty("--high", block.height + "px");
  part(box, "name").textContent = block.label;
  part(box, "count").textContent = block.count;
  part(box, "shape").textContent = block.shape;
}

export default function ({ data, parentElement, setTriggerValue }) {
  const strip = parentElement.querySelector(".strip");
  const told = parentElement.querySelector(".told");
  const names = data.blocks.map((block) => block.name).join(" ");
  if (strip.dataset.names !== names) {
    build(strip, data.blocks);
    strip.dataset.names = names;
    strip.dataset.focus = "";
  }
  strip.setAttribute("aria-label", data.title);
  data.blocks.forEach((block, at) => {
    const box = strip.children[at];
    paint(box, block, data);
    const tell = () => { told.textContent = block.told; };
    box.onfocus = tell;
    box.onpointerenter = tell;
    box.onclick = () => {
      tell();
      if (data.clickable && (data.verb === "look" || block.state !== "empty")) setTriggerValue("toggled", block.name);
    };
  });
  strip.onpointerleave = () => { told.textContent = data.title; };
  if (!told.textContent || strip.dataset.title !== data.title) told.textContent = data.title;
  strip.dataset.title = data.title;
  if (strip.dataset.focus !== data.focus) {
    const first = !strip.dataset.focus;
    strip.dataset.focus = data.focus;
    const box = [...strip.children].find((child) => child.dataset.block === data.focus);
    const behavior = first ? "instant" : "auto"; // only a change of place is worth an animation
    if (box) requestAnimationFrame(() => { strip.scrollTo({ left: box.offsetLeft - strip.offsetLeft - 48, behavior }); });
  }
}
