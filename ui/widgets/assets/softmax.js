// Softmax in columns, a row for each class. Pointing at a row, or focusing it, works its probability out in words.
function cell(tag, text, row) {
  const made = document.createElement(tag);
  made.textContent = text;
  row.append(made);
  return made;
}

export default function ({ data, parentElement }) {
  const table = parentElement.querySelector("table");
  const caption = table.caption ?? table.createCaption();
  const body = table.tBodies[0] ?? table.createTBody();
  const light = (at) => {
    [...body.rows].forEach((row, place) => row.classList.toggle("lit", place === at));
    caption.textContent = data.rows[at].told;
    table.dataset.lit = String(at);
  };
  table.tHead?.remove();
  table.tFoot?.remove();
  const head = table.createTHead().insertRow();
  data.heads.forEach((words) => { cell("th", words, head).scope = "col"; });
  while (body.rows.length > data.rows.length) body.lastChild.remove();
  data.rows.forEach((item, at) => {
    const row = body.rows[at] ?? body.insertRow();
    row.replaceChildren();
    row.tabIndex = 0;
    row.className = item.truth ? "truth" : "";
    cell("th", item.name, row).scope = "row";
    item.numbers.forEach((number) => cell("td", number, row));
    const bar = document.createElement("i");
    bar.style.width = item.share * 100 + "%";
    const last = cell("td", "", row);
    last.className = "bar";
    last.append(bar);
    row.onpointerenter = row.onfocus = () => light(at);
  });
  const foot = table.createTFoot().insertRow();
  data.foot.forEach((words) => cell("td", words, foot));
  const first = data.rows[0].name; // another answer is spoken of first; a row that was pointed at stays while it is the same
  const lit = table.dataset.first === first ? Number(table.dataset.lit ?? 0) : 0;
  table.dataset.first = first;
  light(lit < data.rows.length ? lit : 0);
}
