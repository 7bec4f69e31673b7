export default function ({ data, parentElement }) {
  const button = parentElement.querySelector("button");
  const field = parentElement.querySelector("input");
  const said = parentElement.querySelector("[role=status]");
  button.textContent = data.label;
  button.onclick = async () => {
    try {
      await navigator.clipboard.writeText(location.href);
      field.hidden = true;
      said.textContent = data.copied;
      setTimeout(() => { said.textContent = ""; }, 4000);
    } catch (shut) { // only pages of this machine or with https may write to the clipboard
      field.hidden = false;
      field.value = location.href;
      field.select();
    }
  };
}
