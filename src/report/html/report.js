"use strict";
// Sorting, filter, keys and toggles of the report. It loads nothing and builds every node by hand, never from markup.

(() => {
  const $ = (id) => document.getElementById(id);
  document.documentElement.classList.add("scripted");

  // Storage may be forbidden, full, or hold anything.
  const memory = {
    read(store, key, fallback) {
      try {
        return JSON.parse(window[store].getItem("ci-lint.html." + key)) ?? fallback;
      } catch {
        return fallback;
      }
    },
    write(store, key, value) {
      try {
        window[store].setItem("ci-lint.html." + key, JSON.stringify(value));
      } catch {
        // The page works without it.
      }
    },
  };

  const keys = new Map();
  const follow = (id) => () => {
    const link = $(id);
    if (link) location.href = link.href;
  };
  keys.set("[", follow("prev"));
  keys.set("]", follow("next"));
  keys.set("u", follow("up"));
  keys.set("?", () => $("help").togglePopover());
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]");
    if (typing || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const action = keys.get(event.key);
    if (action) {
      event.preventDefault();
      action();
    }
  });

  // Anchors and chunks must not hide below the header.
  const header = document.querySelector("header");
  const measure = () => document.documentElement.style.setProperty("--head", header.offsetHeight + "px");
  new ResizeObserver(measure).observe(header);
  measure();

  if (document.body.classList.contains("index")) index();
  else source();

  function index() {
    const body = document.querySelector("tbody");
    const foot = document.querySelector("tfoot tr");
    const heads = [...document.querySelectorAll("th[aria-sort]")];
    const precision = Number(document.body.dataset.precision) || 0;
    const ratio = (cell) => (cell.dataset.r ? cell.dataset.r.split(" ").map(Number) : null);
    const rows = [...body.rows].map((row) => ({
      row,
      name: [...row.cells].slice(0, heads.findIndex((head) => !head.classList.contains("name"))).map((cell) => cell.textContent),
      // Of each figure: its part and whole, or itself.
      cells: [...row.cells].map((cell) => ratio(cell) ?? cell.textContent),
    }));
    for (const entry of rows) entry.text = entry.name.join(" ").toLowerCase();

    const order = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
    function value(cell) {
      if (Array.isArray(cell)) return cell[1] ? cell[0] / cell[1] : 1;
      return Number(cell);
    }
    function sort(head, descending) {
      const column = heads.indexOf(head);
      const names = head.classList.contains("name");
      // Functions by their own name, without the class around it.
      const plain = (text) => text.slice(text.lastIndexOf(".") + 1).replace(/^_+/, "");
      const sortKey = (entry) => {
        if (!names) return value(entry.cells[column]);
        return head.id === "region" ? (entry.row.cells[column].querySelector("i") ? "" : plain(entry.name[column])) : entry.name[column];
      };
      const keyed = rows.map((entry, position) => [sortKey(entry), position, entry]);
      const sign = descending ? -1 : 1;
      keyed.sort((a, b) => sign * (names ? order.compare(a[0], b[0]) : a[0] - b[0]) || a[1] - b[1]);
      body.append(...keyed.map((entry) => entry[2].row));
      for (const other of heads) other.setAttribute("aria-sort", "none");
      head.setAttribute("aria-sort", descending ? "descending" : "ascending");
    }
    function choose(head) {
      const before = head.getAttribute("aria-sort");
      const descending = before === "none" ? "descending" in head.dataset : before === "ascending";
      sort(head, descending);
      memory.write("localStorage", "sort", { column: head.id, descending });
    }
    for (const head of heads) {
      const button = head.querySelector("button");
      button.addEventListener("click", () => choose(head));
      const key = button.getAttribute("aria-keyshortcuts");
      if (key) {
        button.title = "Sort (" + key + ")";
        keys.set(key, () => choose(head));
      }
    }
    const last = memory.read("localStorage", "sort", {});
    const remembered = heads.find((head) => head.id === last.column);
    sort(remembered ?? heads[0], remembered ? Boolean(last.descending) : false);

    // The total as it is shown while nothing is filtered out.
    const totals = [...foot.cells].map((cell) => (cell.querySelector("span") ?? cell).textContent);
    const bar = foot.querySelector(".bar path");
    const fullBar = bar.getAttribute("d");
    function percent(part, whole) {
      const exact = whole ? (100 * part) / whole : 100;
      const step = 10 ** -precision;
      if (exact > 0 && exact < step) return step.toFixed(precision);
      if (exact < 100 && exact > 100 - step) return (100 - step).toFixed(precision);
      // Half goes to even, as everywhere else in the report.
      const scaled = exact / step;
      const below = Math.floor(scaled);
      if (scaled - below === 0.5 && below % 2 === 0) return (below * step).toFixed(precision);
      return exact.toFixed(precision);
    }
    const filter = $("filter");
    const hide = $("hide");
    function select() {
      const words = filter.value.toLowerCase().split(/\s+/).filter((word) => word && word !== "!");
      const wanted = (text) => words.every((word) => (word[0] === "!" ? !text.includes(word.slice(1)) : text.includes(word)));
      let visible = 0;
      const sums = heads.map(() => [0, 0]);
      for (const entry of rows) {
        const total = entry.cells[heads.length - 1];
        const show = wanted(entry.text) && !(hide.checked && !hide.disabled && total[0] === total[1]);
        entry.row.hidden = !show;
        if (!show) continue;
        visible += 1;
        entry.cells.forEach((cell, column) => {
          if (Array.isArray(cell)) {
            sums[column][0] += cell[0];
            sums[column][1] += cell[1];
          } else sums[column][0] += Number(cell);
        });
      }
      const all = visible === rows.length;
      const shift = heads.length - foot.cells.length;
      [...foot.cells].forEach((cell, position) => {
        const [part, whole] = sums[position + shift];
        let shown = totals[position];
        if (!all && position === 0) shown = "Total of " + visible + " shown";
        else if (!all) shown = cell.dataset.r ? percent(part, whole) + "%" : String(part);
        (cell.querySelector("span") ?? cell).textContent = shown;
      });
      const [part, whole] = sums[heads.length - 1];
      const width = whole ? Math.min(100, Math.max(0, (100 * part) / whole)) : 100;
      bar.setAttribute("d", all ? fullBar : "M0 0h" + width + "v1H0z");
      $("nothing").hidden = visible > 0 || rows.length === 0;
    }
    filter.value = memory.read("sessionStorage", "filter", "");
    if (!hide.disabled) hide.checked = memory.read("localStorage", "hide", false) === true;
    filter.addEventListener("input", () => {
      memory.write("sessionStorage", "filter", filter.value);
      select();
    });
    hide.addEventListener("change", () => {
      memory.write("localStorage", "hide", hide.checked);
      select();
    });
    filter.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.preventDefault();
      filter.value = "";
      filter.dispatchEvent(new Event("input"));
      filter.blur();
    });
    keys.set("/", () => filter.focus());
    keys.set("h", () => hide.click());
    select();
  }

  function source() {
    const main = document.querySelector("main");
    const lines = $("lines");
    const shown = (mark) => main.classList.contains("s" + mark);

    for (const button of document.querySelectorAll(".toggles button")) {
      const mark = button.value;
      const set = (on) => {
        main.classList.toggle("s" + mark, on);
        button.setAttribute("aria-pressed", String(on));
      };
      set(memory.read("localStorage", "show." + mark, shown(mark)) === true);
      button.addEventListener("click", () => {
        set(!shown(mark));
        memory.write("localStorage", "show." + mark, shown(mark));
      });
      button.title = "Highlight these lines (" + mark + ")";
      keys.set(mark, () => button.click());
    }

    // A chunk is a run of lines with one mark; blank lines and comments do not end it.
    let chunks = [];
    function findChunks() {
      chunks = [];
      let current = null;
      [...lines.children].forEach((line, index) => {
        const mark = line.className[0];
        if (!mark || !"rmxp".includes(mark)) return;
        if (!shown(mark)) current = null;
        else if (current?.mark === mark) current.last = index;
        else {
          current = { mark, first: index, last: index };
          chunks.push(current);
        }
      });
    }
    let at = -1;
    let marked = [];
    function leave() {
      for (const line of marked) line.classList.remove("cur");
      marked = [];
    }
    function go(chunk) {
      leave();
      if (!chunk) return;
      at = chunk.first;
      marked = [...lines.children].slice(chunk.first, chunk.last + 1);
      for (const line of marked) line.classList.add("cur");
      const top = marked[0].getBoundingClientRect().top;
      const bottom = marked[marked.length - 1].getBoundingClientRect().bottom;
      const room = innerHeight - header.offsetHeight;
      if (top < header.offsetHeight + 40 || bottom > innerHeight - 40) {
        scrollTo({ top: scrollY + top - header.offsetHeight - Math.max(40, (room - (bottom - top)) / 3) });
      }
    }
    keys.set("j", () => {
      findChunks();
      const next = chunks.find((chunk) => chunk.first > at);
      if (next) go(next);
    });
    keys.set("k", () => {
      findChunks();
      const before = chunks.filter((chunk) => chunk.first < at);
      if (before.length) go(before[before.length - 1]);
    });
    keys.set("1", () => {
      findChunks();
      go(chunks[0]);
    });
    keys.set("0", () => {
      leave();
      at = -1;
      scrollTo({ top: 0 });
    });
    lines.addEventListener("click", (event) => {
      const number = event.target.closest("#lines > div > a");
      if (number) at = Number(number.textContent) - 1;
      const button = event.target.closest("button.c");
      if (button) contexts(button);
    });

    let names = null;
    function contexts(button) {
      const open = button.getAttribute("aria-expanded") !== "true";
      button.setAttribute("aria-expanded", String(open));
      const line = button.parentElement;
      if (!open) {
        line.querySelector("ul")?.remove();
        return;
      }
      names ??= JSON.parse($("contexts").textContent);
      const list = document.createElement("ul");
      for (const range of button.dataset.c.split(" ")) {
        const [first, last = first] = range.split("-").map(Number);
        for (let position = first; position <= last; position += 1) {
          const item = document.createElement("li");
          item.textContent = names[position];
          list.append(item);
        }
      }
      line.append(list);
    }

    const overview = $("overview");
    overview?.addEventListener("click", (event) => {
      const box = overview.getBoundingClientRect();
      const line = lines.children[Math.floor(((event.clientY - box.top) / box.height) * lines.children.length)];
      line?.scrollIntoView({ block: "center" });
    });
  }
})();
