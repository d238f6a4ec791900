
// Headings of the sortable table become buttons; without this script it is a table, dearest first.
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  [...table.tHead.rows[0].cells].forEach((head, place) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") !== "descending" && (place > 0 || head.hasAttribute("aria-sort"));
      const key = (row) => (place ? Number(row.cells[place].dataset.value) : row.cells[0].textContent);
      const order = (a, b) => (place ? key(a) - key(b) : key(a).localeCompare(key(b)));
      const rows = [...body.rows].sort((a, b) => (down ? order(b, a) : order(a, b)));
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      body.replaceChildren(...rows);
    });
  });
}
