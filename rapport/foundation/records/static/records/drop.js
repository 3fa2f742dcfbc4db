// Files can be dropped where they can be chosen.
//   <div data-drop><input type="file"> <p data-drop-said>…</p></div>

for (const zone of document.querySelectorAll("[data-drop]")) {
  const input = zone.querySelector("input[type=file]");
  const said = zone.querySelector("[data-drop-said]");
  const show = () => {
    if (said && input.files.length) said.textContent = input.files[0].name;
  };
  for (const type of ["dragenter", "dragover"]) {
    zone.addEventListener(type, (event) => {
      event.preventDefault();
      zone.dataset.over = "";
    });
  }
  for (const type of ["dragleave", "drop"]) zone.addEventListener(type, () => delete zone.dataset.over);
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    if (!event.dataTransfer.files.length) return;
    input.files = event.dataTransfer.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });
  input.addEventListener("change", show);
}
