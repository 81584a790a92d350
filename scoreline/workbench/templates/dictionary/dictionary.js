"use strict";
// The list narrows while one types; every word must be found. Without a script all of it shows.
(() => {
  const field = document.getElementById("find");
  if (!field) return;
  const rows = [...document.querySelectorAll("li[data-words]")];
  const said = document.getElementById("found");
  const narrow = () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const fits = words.every((word) => row.dataset.words.includes(word));
      row.hidden = !fits;
      shown += fits ? 1 : 0;
    }
    for (const part of document.querySelectorAll("section.kind")) {
      part.hidden = !part.querySelector("li:not([hidden])");
    }
    said.textContent = words.length ? `${shown} of ${rows.length}` : "";
  };
  field.addEventListener("input", narrow);
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && document.activeElement !== field) {
      event.preventDefault();
      field.focus();
    }
  });
  narrow();
})();
