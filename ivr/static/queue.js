// The queue's page: times that count, a list that refreshes itself in place, and keys.
(() => {
  const EVERY = 5000;
  const NEAR = 0.75;
  const TEXTS = ["line-state", "queue-tabs", "queue-summary", "queue-pages"];
  const box = document.getElementById("queue");
  const rows = document.getElementById("queue-rows");
  const said = document.getElementById("queue-said");

  // Times, in the words of ivr/console/queue.py, by the server's clock
  const ahead = box ? Date.parse(box.dataset.now) - performance.timeOrigin - performance.now() : 0;
  const now = () => (box ? performance.timeOrigin + performance.now() + ahead : Date.now());

  const length = (milliseconds) => {
    const seconds = Math.max(Math.floor(milliseconds / 1000), 0);
    const [minutes, hours, days] = [60, 3600, 86400].map((unit) => Math.floor(seconds / unit));
    if (seconds < 600) return minutes ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
    if (!hours) return `${minutes} min`;
    if (!days) return `${hours} h ${minutes % 60} min`;
    return `${days} ${days === 1 ? "day" : "days"} ${hours % 24} h`;
  };

  const write = (element, text) => {
    if (element.textContent !== text) element.textContent = text;
  };

  const count = () => {
    const at = now();
    for (const cell of document.querySelectorAll("td.due")) {
      const [since, by] = [Date.parse(cell.dataset.since), Date.parse(cell.dataset.actBy)];
      const late = at >= by;
      const near = !late && at - since >= NEAR * (by - since);
      cell.classList.toggle("late", late);
      cell.classList.toggle("near", near);
      const span = length(Math.abs(by - at));
      write(cell.querySelector(".left"), late ? `${span} late` : near ? `only ${span} left` : `in ${span}`);
    }
    for (const cell of document.querySelectorAll("td.age")) write(cell, length(at - Date.parse(cell.dataset.created)));
  };
  count();
  setInterval(count, 1000);

  // Keys
  const links = () => [...document.querySelectorAll("#queue-rows a.open")];
  const chosen = () => document.activeElement?.closest("#queue-rows tr");
  const move = (step) => {
    const all = links();
    const at = all.findIndex((link) => link.closest("tr") === chosen());
    const next = at < 0 ? all[step > 0 ? 0 : all.length - 1] : all[Math.min(Math.max(at + step, 0), all.length - 1)];
    next?.focus();
    next?.closest("tr").scrollIntoView({ block: "nearest" });
  };
  keys.register("j", "Next request", () => move(1));
  keys.register("k", "Request before", () => move(-1));
  keys.tell("enter", "Open the request");
  keys.register("c", "Claim the request", () => {
    const row = chosen();
    if (!row) return write(said || document.createElement("p"), "Choose a request with J or K first.");
    const button = row.querySelector("button.claim");
    if (button) return button.click();
    write(said || document.createElement("p"), "This request cannot be claimed.");
  });
  keys.register("/", "Search", () => document.getElementById("wanted").focus());

  // The list refreshes itself; what has the focus or is marked stays, and the rows in view stay where they are
  if (!box) return;
  let etag = "";
  let pressed = false;
  let asking = false;
  document.addEventListener("pointerdown", () => { pressed = true; });
  for (const end of ["pointerup", "pointercancel"]) document.addEventListener(end, () => { pressed = false; });

  const isMarked = () => {
    const marked = getSelection();
    return marked.rangeCount > 0 && !marked.isCollapsed && marked.getRangeAt(0).intersectsNode(box);
  };

  // Something to come back to: by its id, or as a link or button of a row
  const place = () => {
    const element = document.activeElement;
    if (!box.contains(element)) return null;
    const row = element.closest("tr");
    const index = row ? [...rows.children].indexOf(row) : -1;
    return { element, id: element.id, row: row?.id, kind: element.className, index };
  };

  const comeBack = (to) => {
    if (!to || document.activeElement === to.element) return;
    const row = document.getElementById(to.row) || rows.children[Math.min(to.index, rows.children.length - 1)];
    const same = to.id ? document.getElementById(to.id) : row?.getElementsByClassName(to.kind)[0] || row?.querySelector("a.open");
    same?.focus({ preventScroll: true });
  };

  // The first row in view, or the one with the focus; nothing at the top of the page, where new rows should show
  const anchor = () => {
    const row = chosen() || (window.scrollY > 0 && [...rows.children].find((one) => one.getBoundingClientRect().bottom > 80));
    return row ? { id: row.id, top: row.getBoundingClientRect().top } : null;
  };

  const stay = (where) => {
    const row = where && document.getElementById(where.id);
    if (row) window.scrollBy({ top: row.getBoundingClientRect().top - where.top, behavior: "instant" });
  };

  const putRows = (fresh) => {
    const wanted = [...fresh.children].map((row) => {
      const known = document.getElementById(row.id);
      return known && known.dataset.version === row.dataset.version ? known : row;
    });
    for (const row of [...rows.children]) if (!wanted.includes(row)) row.remove();
    wanted.forEach((row, index) => {
      if (rows.children[index] !== row) rows.insertBefore(row, rows.children[index] || null);
    });
  };

  const put = (html) => {
    const fresh = new DOMParser().parseFromString(html, "text/html");
    const [back, where] = [place(), anchor()];
    const waited = document.getElementById("count-open").textContent;
    for (const id of TEXTS) {
      const [old, changed] = [document.getElementById(id), fresh.getElementById(id)];
      if (old.outerHTML !== changed.outerHTML) old.replaceWith(changed);
    }
    putRows(fresh.getElementById("queue-rows"));
    document.getElementById("queue-empty")?.remove();
    const empty = fresh.getElementById("queue-empty");
    if (empty) rows.closest(".table").append(empty);
    count();
    comeBack(back);
    stay(where);
    const waiting = document.getElementById("count-open").textContent;
    if (waiting !== waited) said.textContent = `${waiting} open now.`;
  };

  const refresh = async () => {
    if (asking || document.hidden || pressed || isMarked()) return;
    asking = true;
    try {
      const headers = { "X-Background": "1", ...(etag && { "If-None-Match": etag }) };
      const answer = await fetch(box.dataset.list, { headers, cache: "no-store" });
      if (answer.status === 401) return location.reload();
      if (answer.status === 200) {
        const html = await answer.text();
        if (pressed || isMarked()) return;
        put(html);
        etag = answer.headers.get("ETag") || "";
      }
      box.classList.toggle("stale", answer.status >= 400);
    } catch {
      box.classList.add("stale");
    } finally {
      asking = false;
    }
  };
  setInterval(refresh, EVERY);
  document.addEventListener("visibilitychange", refresh);
})();
