"use strict";
// What the page gains where scripts run: sorting, filters, pages of cases, rows that open in a dialog, a theme button.
// Without it every table is there as it was written, and a row's link leads to its card below.
(() => {
  const all = (what, root = document) => [...root.querySelectorAll(what)];
  const make = (tag, text = "", names = "") => Object.assign(document.createElement(tag), { textContent: text, className: names });
  const status = document.getElementById("status");
  const say = (text) => { status.textContent = text; };
  all("[hidden][data-script]").forEach((element) => { element.hidden = false; });

  // Theme: follows the system until the button says otherwise; nothing is stored.
  const theme = document.getElementById("theme");
  const themes = ["auto", "light", "dark"];
  theme.addEventListener("click", () => {
    const next = themes[(themes.indexOf(document.documentElement.dataset.theme || "auto") + 1) % 3];
    document.documentElement.dataset.theme = next;
    theme.textContent = `Theme: ${next}`;
  });

  // Headings become buttons; `act(column, ascending)` does the sorting.
  const sortable = (heads, act) => heads.forEach((head, column) => {
    const button = make("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const now = head.getAttribute("aria-sort");
      const ascending = now ? now === "descending" : head.dataset.first !== "descending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", ascending ? "ascending" : "descending");
      act(column, ascending);
      say(`sorted by ${button.textContent.trim()}, ${ascending ? "ascending" : "descending"}`);
    });
  });
  // Figures by size, texts by alphabet; what is missing comes last either way.
  const collator = new Intl.Collator("en", { numeric: true });
  const compare = (a, b, ascending) => {
    const lost = (a === null) - (b === null);
    if (lost || a === null) return lost;
    const order = typeof a === "number" && typeof b === "number" ? a - b : collator.compare(a, b);
    return ascending ? order : -order;
  };
  const wordsOf = (input) => input.value.toLowerCase().split(/\s+/).filter(Boolean);

  // Standing tables are small: their rows are moved about.
  all("table.standing").forEach((table) => {
    const body = table.tBodies[0];
    const rows = [...body.rows];
    const key = (row, column) => {
      const value = row.cells[column].dataset.v;
      return value === undefined ? null : row.cells[column].matches("[data-text]") ? value : Number(value);
    };
    sortable([...table.tHead.rows[0].cells], (column, ascending) => {
      rows.sort((a, b) => compare(key(a, column), key(b, column), ascending));
      body.append(...rows);
    });
    const input = document.getElementById(`${table.id}-filter`);
    input.addEventListener("input", () => {
      const words = wordsOf(input);
      rows.forEach((row) => {
        const text = `${row.cells[0].textContent} ${row.dataset.words}`.toLowerCase();
        row.hidden = !words.every((word) => text.includes(word));
      });
      say(`${rows.filter((row) => !row.hidden).length} of ${rows.length} rows`);
    });
  });

  // As `harness.boards.table.number`: four significant digits, an exponent only beyond.
  const number = (value) => {
    const size = Math.abs(value);
    if (size >= 1e4 && size < 1e7) return value.toFixed(0);
    if (size === 0) return "0.000";
    if (size >= 1e-3 && size < 1e4) return value.toPrecision(4).replace(/\.$/, "");
    const [digits, power] = value.toExponential(2).split("e");
    return `${Number(digits)}e${power[0]}${power.slice(1).padStart(2, "0")}`;
  };

  // As `harness_boards.figures.fixed`: so many decimals, or tens and hundreds below 0.
  const fixed = (value, places) => {
    if (places === null) return number(value);
    const unit = 10 ** Math.max(-places, 0);
    const shown = Math.max(places, 0);
    return (Number((value / unit).toFixed(shown)) * unit || 0).toFixed(shown);
  };

  // Tables of cases may be long: they stay in the embedded data, and one page of them is in the document.
  all("table.cases").forEach((table) => {
    const data = JSON.parse(document.getElementById(`${table.id}-data`).textContent);
    const { rows, facts, from, lost, size, best, decimals } = data;
    const texts = rows.map((row) => row.slice(0, from).join(" ").toLowerCase());
    const input = document.getElementById(`${table.id}-filter`);
    const [back, on] = all("button", document.getElementById(`${table.id}-pages`));
    const place = all("span", document.getElementById(`${table.id}-pages`))[0];
    let order = rows.map((_, index) => index);
    let shown = order;
    let page = 0;
    const badness = { abs: Math.abs, low: (v) => v, high: (v) => -v }[best];
    const winner = (row) => {
      const figures = row.slice(from).filter((v) => v !== null);
      return badness && figures.length > 1 ? Math.min(...figures.map(badness)) : null;
    };
    const line = (index) => {
      const row = rows[index];
      const top = winner(row);
      const tr = make("tr");
      row.forEach((value, column) => {
        const note = lost[`${index},${column - from}`];
        const places = column >= from && decimals.length ? decimals[index][column - from] : null;
        const text = value === null ? "–" : column < facts || typeof value === "string" ? String(value) : fixed(value, places);
        const cell = make(column ? "td" : "th", text);
        if (!column) cell.scope = "row";
        if (column && typeof value === "string") cell.className = "left";
        if (column >= from && value !== null) {
          if (decimals.length) cell.title = String(value);
          if (top !== null && badness(value) === top) cell.className = "best";
          if (note) cell.append(" ", make("span", note, "mark"));
        } else if (note) cell.replaceChildren(make("span", note, "mark"));
        tr.append(cell);
      });
      return tr;
    };
    const draw = () => {
      const last = Math.max(0, Math.ceil(shown.length / size) - 1);
      page = Math.min(page, last);
      const start = page * size;
      table.tBodies[0].replaceChildren(...shown.slice(start, start + size).map(line));
      place.textContent = shown.length ? `${start + 1}–${Math.min(start + size, shown.length)} of ${shown.length}` : "none";
      back.disabled = page === 0;
      on.disabled = page === last;
    };
    const filter = () => {
      const words = wordsOf(input);
      shown = words.length ? order.filter((i) => words.every((word) => texts[i].includes(word))) : order;
      page = 0;
      draw();
    };
    sortable([...table.tHead.rows[0].cells], (column, ascending) => {
      const size = best === "abs" && column >= from;
      const key = (i) => (size && rows[i][column] !== null ? Math.abs(rows[i][column]) : rows[i][column]);
      order = [...order].sort((a, b) => compare(key(a), key(b), ascending) || a - b);
      filter();
    });
    input.addEventListener("input", () => { filter(); say(`${shown.length} of ${rows.length} cases`); });
    back.addEventListener("click", () => { page -= 1; draw(); });
    on.addEventListener("click", () => { page += 1; draw(); });
  });

  // Verdicts of a row: a table from the embedded figures of all pairs, made when the row is first looked at.
  const signed = (value) => `${value > 0 ? "+" : value < 0 ? "−" : ""}${number(Math.abs(value))}`;
  const chance = (p) => (p === null ? "–" : p < 1e-4 ? "< 0.0001" : String(Number(p.toPrecision(2))));
  const compared = {};
  const verdicts = (card) => {
    const place = card.querySelector(".verdicts");
    if (!place || !place.hidden) return;
    place.hidden = false;
    const { section, row } = place.dataset;
    compared[section] ??= JSON.parse(document.getElementById(`${section}-pairs`).textContent);
    const { labels, level, pairs } = compared[section];
    const head = make("tr");
    head.append(...["against", "this row is", "difference", "95 % interval", "cases", "clusters", "p", "p (Holm)"].map((name, column) => {
      const cell = make("th", name, column === 1 ? "left" : "");
      cell.scope = "col";
      return cell;
    }));
    const lines = pairs.filter(([a, b]) => a === Number(row) || b === Number(row)).map(([a, b, sign, cases, clusters, ...figures]) => {
      const first = a === Number(row);
      const [difference, low, high] = first ? figures : [figures[0], figures[2], figures[1]].map((v) => (v === null ? v : -v));
      const [p, holm] = figures.slice(3);
      let word = "too little in common";
      if (holm !== null) word = holm >= level ? "not separated" : (sign < 0) === first ? "better" : "worse";
      const other = first ? b : a;
      const link = Object.assign(make("a", labels[other]), { href: `#${section}-r${other}` });
      const name = make("th");
      name.scope = "row";
      name.append(link);
      const interval = low === null ? "–" : `${signed(low)} to ${signed(high)}`;
      const line = make("tr");
      line.append(name, make("td", word, `word ${word.split(" ")[0]}`), ...[
        difference === null ? "–" : signed(difference), interval, String(cases), String(clusters), chance(p), chance(holm),
      ].map((text) => make("td", text)));
      return line;
    });
    const table = make("table");
    table.createTHead().append(head);
    table.createTBody().append(...lines);
    const box = Object.assign(make("div", "", "scroll"), { tabIndex: 0 });
    box.setAttribute("role", "region");
    box.setAttribute("aria-label", "Against each other row");
    box.append(table);
    place.append(box);
  };
  document.addEventListener("toggle", (event) => {
    if (event.target.matches("details.row") && event.target.open) all(".card", event.target).forEach(verdicts);
  }, true);

  // A row's link opens its card in a dialog; the card goes back to its place when the dialog closes.
  const dialog = document.querySelector("dialog");
  let home = null;
  const put = () => {
    if (home) home.append(dialog.querySelector(".card"));
    home = null;
  };
  const open = (id) => {
    const card = document.getElementById(id);
    if (!card || !card.matches(".card")) return false;
    put();
    home = card.parentElement;
    verdicts(card);
    dialog.append(card);
    dialog.setAttribute("aria-label", card.querySelector("h3").textContent);
    if (!dialog.open) dialog.showModal();
    dialog.scrollTop = 0;
    card.querySelector("h3").focus();
    history.replaceState(null, "", `#${id}`);
    return true;
  };
  if (!dialog) return;
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']");
    if (link && open(link.hash.slice(1))) event.preventDefault();
    if (event.target === dialog || event.target.closest("dialog .close")) dialog.close();
  });
  dialog.addEventListener("close", () => {
    put();
    history.replaceState(null, "", location.pathname + location.search);
  });
  window.addEventListener("hashchange", () => open(location.hash.slice(1)));
  open(location.hash.slice(1));
})();
