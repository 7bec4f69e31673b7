export default function ({ data, parentElement }) {
  const said = parentElement.querySelector("[role=status]");
  const before = said.dataset.step;
  if (before === data.step) return;
  said.dataset.step = data.step;
  if (before === undefined) return;
  said.textContent = data.words;
  if (data.top) document.querySelector('[data-testid="stMain"]')?.scrollTo({ top: 0 });
}
