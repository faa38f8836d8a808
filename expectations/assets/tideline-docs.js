// The little of jQuery, Bootstrap and bootstrap-table that the pages of Data Docs use.
"use strict";

function $(what) {
  const all = typeof what === "string" ? [...document.querySelectorAll(what)] : [what].flat();
  const each = (act) => (all.forEach(act), $(all));
  return {
    each: (act) => each((element, index) => act(index, element)),
    parent: () => $([...new Set(all.map((element) => element.parentElement))]),
    fadeIn: () => each((element) => { element.hidden = false; }),
    fadeOut: () => each((element) => { element.hidden = true; }),
    data: (name) => all[0].dataset[name],
    // Every script stands below what it speaks of.
    ready: (act) => act(),
    // Rows are links: nothing needs to listen.
    on: () => undefined,
    bootstrapTable: (how) => each((table) => (how === "clearFilterControl" ? clear(table) : draw(table, how))),
  };
}

function draw(table, how) {
  if (typeof how !== "object") return;
  const value = (row, column) => row[column.sortName || ""] ?? row[column.field] ?? "";
  const text = (html) => new DOMParser().parseFromString(html, "text/html").body.textContent;
  const state = { by: how.columns.find((column) => column.field === how.sortName), down: how.sortOrder === "desc" };
  const head = table.createTHead().insertRow();
  for (const column of how.columns) {
    const cell = head.appendChild(document.createElement("th"));
    cell.textContent = column.title;
    cell.onclick = () => {
      state.down = state.by === column && !state.down;
      state.by = column;
      fill();
    };
  }
  const body = table.createTBody();
  const tools = document.querySelector(how.toolbar);
  const search = Object.assign(document.createElement("input"), { type: "search", placeholder: "Search", oninput: fill });
  tools.prepend(search);
  table.clear = () => {
    search.value = "";
    fill();
  };
  fill();

  function fill() {
    const sign = state.down ? -1 : 1;
    const order = (a, b) => (value(a, state.by) < value(b, state.by) ? -sign : value(a, state.by) > value(b, state.by) ? sign : 0);
    const wanted = search.value.toLowerCase();
    const shown = (row) => `${row._validation_success_text || ""} ${how.columns.map((c) => text(row[c.field] ?? "")).join(" ")}`;
    body.replaceChildren();
    for (const row of how.data.filter((row) => shown(row).toLowerCase().includes(wanted)).sort(order)) {
      const line = body.insertRow();
      line.className = "clickable-row";
      line.onclick = (event) => { if (!event.target.closest("a")) window.location = row._table_row_link_path; };
      for (const column of how.columns) line.insertCell().innerHTML = row[column.field] ?? "";
    }
  }
}

function clear(table) {
  table.clear();
}

document.addEventListener("click", (event) => {
  const toggle = event.target.closest("[data-toggle]");
  if (!toggle) return;
  if (toggle.dataset.toggle === "collapse") {
    event.preventDefault();
    document.getElementById(toggle.getAttribute("href").slice(1)).classList.toggle("show");
  } else if (toggle.dataset.toggle === "tab") {
    event.preventDefault();
    const pane = document.getElementById(toggle.getAttribute("href").slice(1));
    for (const other of pane.parentElement.children) other.classList.toggle("show", other === pane);
    for (const other of toggle.closest("ul").querySelectorAll("a")) other.classList.toggle("active", other === toggle);
  }
});
