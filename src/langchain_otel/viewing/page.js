
"use strict";
(() => {
  // Everything that a trace says is set as text: it is never read as HTML, as a link or as a script.
  const data = JSON.parse(document.getElementById("data").textContent);
  const ROW = 28, SPARE = 10, INDENT = 14, MAX_INDENT = 12;
  const SHORT = 4000, MORE = 200000, FEW = 50, SLICE = 12;
  const IMAGE = /^data:image\/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/=]*$/;
  // Characters that cannot be seen, or turn others around; those that join letters are let be.
  const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}]/gu, SEEN = /[\n\t\u00ad\u0600-\u0605\u06dd\u070f\u200c\u200d]/;
  const $ = (id) => document.getElementById(id);
  const rows = $("rows"), space = $("space"), details = $("details"), grid = $("grid");

  let trace, spans, children, depths, total;
  let closed = new Set(), shown = [], places = new Map(), drawn = new Map();
  let active = 0, query = "", onlyErrors = false, hits = null, kept = null, searching = 0;

  function el(tag, attributes, ...content) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (value === null || value === undefined || value === false) continue;
      made.setAttribute(name, value === true ? "" : String(value));
    }
    for (const each of content) {
      if (each !== null && each !== undefined) made.append(each);
    }
    return made;
  }

  function visible(text) {
    const plain = String(text).replace(/\r\n?/g, "\n");
    return plain.replace(UNSEEN, (character) => SEEN.test(character)
      ? character : "\\u{" + character.codePointAt(0).toString(16) + "}");
  }

  function cut(text, length) {
    const start = String(text).slice(0, length + 1);
    return start.length > length ? start.slice(0, length) + "…" : start;
  }

  const label = (text, length = 300) => visible(cut(text, length)).replace(/\s+/g, " ");
  const counted = (number, noun) => number.toLocaleString("en") + " " + noun + (number === 1 ? "" : "s");

  function elapsed(nanoseconds) {
    const size = Math.abs(nanoseconds);
    if (size < 1e3) return nanoseconds + " ns";
    if (size < 1e6) return (nanoseconds / 1e3).toFixed(size < 1e4 ? 1 : 0) + " µs";
    if (size < 1e9) return (nanoseconds / 1e6).toFixed(size < 1e7 ? 1 : 0) + " ms";
    if (size < 60e9) return (nanoseconds / 1e9).toFixed(2) + " s";
    const seconds = Math.round(size / 1e9), sign = nanoseconds < 0 ? "-" : "";
    const split = (unit, names) => sign + Math.trunc(seconds / unit).toLocaleString("en") + " " + names[0] + " "
      + Math.trunc(seconds % unit / names[2]) + " " + names[1];
    if (seconds < 3600) return split(60, ["min", "s", 1]);
    return seconds < 86400 ? split(3600, ["h", "min", 60]) : split(86400, ["d", "h", 3600]);
  }

  function tokens(counts) {
    if (!counts || (!counts.input && !counts.output)) return "";
    return (counts.input || 0).toLocaleString("en") + "→" + (counts.output || 0).toLocaleString("en");
  }

  // What is known of a cost, and whether there is more of it that nobody knows.
  const money = (what) => [
    what.cost === undefined ? "" : Number(what.cost.toPrecision(4)).toString(), what.unpriced ? "?" : "",
  ].filter(Boolean).join(" + ");

  // ---- one trace ----------------------------------------------------------------------------

  function choose(index, spanId) {
    trace = data.traces[index];
    spans = trace.spans;
    children = spans.map(() => []);
    depths = new Array(spans.length).fill(0);
    spans.forEach((span, place) => {
      if (span.parent === undefined) return;
      children[span.parent].push(place);
      depths[place] = depths[span.parent] + 1;
    });
    total = Math.max(trace.duration || 0, 1);
    closed = new Set();
    hits = kept = null;
    $("trace").value = String(index);
    describe();
    const named = spanId ? spans.findIndex((span) => span.id === spanId) : -1;
    active = Math.max(named, 0);
    refresh();
    if (query || onlyErrors) search();
    reveal(active);
    show(active);
  }

  function describe() {
    const name = nameOf(spans[0]);
    document.title = label(name, 80) + " · trace";
    $("title").textContent = label(name);
    const services = [...new Set(spans.map((span) => span.service).filter(Boolean))];
    const parts = [
      label(services.slice(0, 3).join(", ") + (services.length > 3 ? ", …" : ""), 120),
      counted(spans.length, "span"), elapsed(trace.duration || 0),
      tokens(trace.tokens) && tokens(trace.tokens) + " tokens",
      money(trace) && "cost " + money(trace),
      trace.start ? new Date(trace.start).toISOString().replace("T", " ").slice(0, 19) + " UTC" : "",
    ].filter(Boolean);
    const failures = trace.errors ? el("span", { class: "bad" }, " · " + counted(trace.errors, "error")) : null;
    $("summary").replaceChildren(parts.join(" · "), ...(failures ? [failures] : []));
    $("next-error").hidden = !trace.errors;
    // Where nothing has tokens, names have their place.
    grid.classList.toggle("free", !spans.some((span) => tokens(span.tokens)));
    $("redacted").hidden = !data.redacted;
    ticks();
  }

  const badge = (span) => el("span", { class: "badge " + span.kind },
    span.kind !== "other" ? span.kind : span.spanKind === "unspecified" ? "span" : span.spanKind);
  const nameOf = (span) => span.name || "(no name)";

  function ticks() {
    $("ticks").replaceChildren(...[0, 0.25, 0.5, 0.75].map((part) => {
      const tick = el("span", {}, elapsed(Math.round(total * part)).replace(/^0 ns$/, "0"));
      tick.style.left = part * 100 + "%";
      return tick;
    }));
  }

  // ---- rows: only those that can be seen are there ------------------------------------------

  function refresh() {
    shown = [];
    let below = Infinity;
    for (let place = 0; place < spans.length; place++) {
      if (depths[place] > below) continue;
      below = Infinity;
      if (kept && !kept.has(place)) continue;
      shown.push(place);
      if (closed.has(place)) below = depths[place];
    }
    places = new Map(shown.map((place, index) => [place, index]));
    while (shown.length && !places.has(active)) {
      const parent = spans[active].parent;
      if (parent === undefined) { active = shown[0]; break; }
      active = parent;
    }
    space.style.height = shown.length * ROW + "px";
    grid.setAttribute("aria-rowcount", String(shown.length + 1));
    for (const row of drawn.values()) row.remove();
    drawn.clear();
    draw();
  }

  function draw() {
    const first = Math.max(0, Math.floor(rows.scrollTop / ROW) - SPARE);
    const last = Math.min(shown.length, Math.ceil((rows.scrollTop + rows.clientHeight) / ROW) + SPARE);
    const wanted = new Set(shown.slice(first, last));
    // The span that has the focus stays, or the focus would be lost.
    if (places.has(active)) wanted.add(active);
    for (const [place, row] of drawn) {
      if (!wanted.has(place)) { row.remove(); drawn.delete(place); }
    }
    for (const place of [...wanted].sort((one, other) => one - other)) {
      if (!drawn.has(place)) drawn.set(place, insert(place, rowOf(place)));
    }
  }

  function insert(place, row) {
    let after = null;
    for (const [other, drawnRow] of drawn) {
      if (other > place && (after === null || other < after[0])) after = [other, drawnRow];
    }
    space.insertBefore(row, after && after[1]);
    return row;
  }

  function rowOf(place) {
    const span = spans[place], index = places.get(place), has = children[place].length > 0;
    const indent = el("span", { class: "indent", "aria-hidden": "true" });
    indent.style.width = Math.min(depths[place], MAX_INDENT) * INDENT + "px";
    const name = el("div", { class: "cell name", role: "gridcell" }, indent);
    if (depths[place] > MAX_INDENT) name.append(el("span", { class: "deep" }, "⋯" + (depths[place] + 1)));
    name.append(
      el("span", { class: "twist", "aria-hidden": "true" }, has ? (closed.has(place) ? "▸" : "▾") : ""),
      badge(span),
      el("span", { class: "label", dir: "auto", title: label(nameOf(span)) }, label(nameOf(span))));
    if (span.error) name.append(el("span", { class: "failed", title: label(span.error) }, label(span.error.split(".").pop(), 80)));
    for (const each of span.evaluations || []) {
      name.append(el("span", { class: "judged", title: label(result(each)) }, label(result(each), 60)));
    }
    if (span.notes) name.append(el("span", { class: "warned", role: "img", title: span.notes.join("; "), "aria-label": span.notes.join("; ") }, "⚠"));
    const bar = el("span", { class: "bar " + span.kind + (span.status === "error" ? " error" : "") });
    const start = Math.min(Math.max((span.start || 0) / total, 0), 1);
    bar.style.left = "min(" + start * 100 + "%, 100% - 3px)";
    bar.style.width = Math.min(Math.max(span.duration || 0, 0) / total, 1 - start) * 100 + "%";
    const row = el("div", {
      class: "row" + (hits && hits.has(place) ? " hit" : hits ? " faint" : ""), role: "row",
      "aria-level": depths[place] + 1, "aria-rowindex": index + 2,
      "aria-expanded": has ? !closed.has(place) + "" : null,
      "aria-selected": place === active ? "true" : "false",
      tabindex: place === active ? "0" : "-1", "data-place": place,
    }, name,
      el("div", { class: "cell number", role: "gridcell" }, elapsed(span.duration || 0)),
      el("div", { class: "cell number tokens", role: "gridcell" }, tokens(span.tokens)),
      el("div", { class: "cell time", role: "gridcell",
        "aria-label": "begins after " + elapsed(span.start || 0) }, bar));
    row.style.top = index * ROW + "px";
    return row;
  }

  function reveal(place) {
    const top = places.get(place) * ROW;
    if (top < rows.scrollTop) rows.scrollTop = top;
    else if (top + ROW > rows.scrollTop + rows.clientHeight) rows.scrollTop = top + ROW - rows.clientHeight;
    draw();
  }

  function go(place, focus = true) {
    if (place === undefined || !places.has(place)) return;
    const before = drawn.get(active);
    if (before) { before.setAttribute("tabindex", "-1"); before.setAttribute("aria-selected", "false"); }
    active = place;
    reveal(place);
    const row = drawn.get(place);
    row.setAttribute("tabindex", "0");
    row.setAttribute("aria-selected", "true");
    if (focus) row.focus({ preventScroll: true });
    show(place);
  }

  function open(place) {
    for (let above = spans[place].parent; above !== undefined; above = spans[above].parent) closed.delete(above);
    if (!places.has(place)) { if (kept && !kept.has(place)) leave(); refresh(); }
  }

  function toggle(place, close) {
    if (!children[place].length) return;
    if (close) closed.add(place); else closed.delete(place);
    const focused = space.contains(document.activeElement);
    refresh();
    if (focused) go(active);
  }

  function everything(close) {
    closed = new Set();
    if (close) spans.forEach((_, place) => { if (children[place].length) closed.add(place); });
    refresh();
    reveal(active);
    show(active);
  }

  rows.addEventListener("scroll", () => requestAnimationFrame(draw), { passive: true });
  new ResizeObserver(draw).observe(rows);
  space.addEventListener("click", (event) => {
    const row = event.target.closest(".row");
    if (!row) return;
    const place = Number(row.dataset.place);
    go(place);
    if (event.target.classList.contains("twist")) toggle(place, !closed.has(place));
  });
  space.addEventListener("dblclick", () => toggle(active, !closed.has(active)));
  $("skip").addEventListener("click", (event) => { event.preventDefault(); go(active); });

  const page = () => Math.max(1, Math.floor(rows.clientHeight / ROW) - 1);
  const KEYS = {
    ArrowDown: (index) => go(shown[index + 1]),
    ArrowUp: (index) => go(shown[index - 1]),
    Home: () => go(shown[0]),
    End: () => go(shown[shown.length - 1]),
    PageDown: (index) => go(shown[Math.min(shown.length - 1, index + page())]),
    PageUp: (index) => go(shown[Math.max(0, index - page())]),
    ArrowRight: () => closed.has(active) ? toggle(active, false) : go(children[active].find((each) => places.has(each))),
    ArrowLeft: () => children[active].length && !closed.has(active) ? toggle(active, true) : go(spans[active].parent),
    "*": () => { everything(false); go(active); },
    Enter: () => details.focus(),
    " ": () => details.focus(),
  };
  space.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !(event.key in KEYS)) return;
    event.preventDefault();
    KEYS[event.key](places.get(active));
  });

  // ---- search: in slices, so that the page stays alive --------------------------------------

  function contains(span, text) {
    const left = [span.name, span.service, span.kind, span.model, span.error, span.message, span.id,
      span.scope, span.evaluations, span.sections, span.attributes, span.events];
    while (left.length) {
      const value = left.pop();
      if (value === null || value === undefined || typeof value === "boolean") continue;
      if (typeof value === "object") {
        for (const name in value) {
          if (!Array.isArray(value) && name.toLowerCase().includes(text)) return true;
          left.push(value[name]);
        }
      } else if (String(value).toLowerCase().includes(text)) return true;
    }
    return false;
  }

  function search() {
    const turn = ++searching, text = query.toLowerCase(), found = [];
    if (!text && !onlyErrors) { leave(); return; }
    let place = 0;
    const step = () => {
      if (turn !== searching) return;
      for (const end = performance.now() + SLICE; place < spans.length && performance.now() < end; place++) {
        if (onlyErrors && spans[place].status !== "error") continue;
        if (!text || contains(spans[place], text)) found.push(place);
      }
      if (place < spans.length) { setTimeout(step); return; }
      finish(found);
    };
    step();
  }

  function finish(found) {
    hits = new Set(found);
    kept = new Set();
    for (const place of found) {
      for (let each = place; each !== undefined && !kept.has(each); each = spans[each].parent) kept.add(each);
    }
    for (const place of kept) closed.delete(place);
    $("found").textContent = found.length.toLocaleString("en") + " of " + counted(spans.length, "span")
      + (found.length === 1 ? " matches" : " match");
    const first = hits.has(active) ? active : found[0];
    if (first !== undefined) active = first;
    refresh();
    if (first !== undefined) { reveal(active); show(active); }
  }

  function leave() {
    searching++;
    query = "";
    onlyErrors = false;
    $("search").value = "";
    $("errors").checked = false;
    $("found").textContent = "";
    hits = kept = null;
    refresh();
    reveal(active);
  }

  function nextOf(places_, back) {
    if (!places_.length) return undefined;
    const list = back ? [...places_].reverse() : places_;
    return list.find((place) => back ? place < active : place > active) ?? list[0];
  }

  let typing = 0;
  $("search").addEventListener("input", (event) => {
    clearTimeout(typing);
    query = event.target.value.trim();
    typing = setTimeout(search, 120);
  });
  $("search").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && hits) {
      event.preventDefault();
      go(nextOf([...hits].sort((one, other) => one - other), event.shiftKey), false);
    } else if (event.key === "ArrowDown") {
      event.preventDefault();
      go(active);
    }
  });
  $("errors").addEventListener("change", (event) => { onlyErrors = event.target.checked; search(); });
  $("next-error").addEventListener("click", () => {
    const failed = [];
    spans.forEach((span, place) => { if (span.status === "error") failed.push(place); });
    const next = nextOf(failed, false);
    open(next);
    go(next);
  });
  $("expand").addEventListener("click", () => everything(false));
  $("collapse").addEventListener("click", () => everything(true));
  document.addEventListener("keydown", (event) => {
    const typed = event.target instanceof HTMLInputElement && event.target.type === "search";
    if (event.key === "/" && !typed && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      $("search").focus();
      $("search").select();
    } else if (event.key === "Escape") {
      event.preventDefault();
      document.querySelector(".keys").open = false;
      clearTimeout(typing);
      if (typed || space.contains(event.target)) leave();
      go(active);
    }
  });

  // ---- details: made when a span is chosen --------------------------------------------------

  function show(place) {
    const span = spans[place];
    remember(span);
    details.replaceChildren(
      el("h2", { dir: "auto" }, visible(cut(nameOf(span), 1000))),
      el("p", { class: "about" },
        badge(span),
        span.status === "error" ? el("span", { class: "failed" }, label(span.error, 200)) : null,
        el("span", { class: "hint" }, elapsed(span.duration || 0))),
      ...(span.notes || []).map((note) => el("p", { class: "note" }, "⚠ " + note)),
      ...faults(span), facts(span), ...evaluations(span), ...sections(span), ...events(span), ...links(span),
      ...table("Attributes", span.attributes),
      fold("Resource and instrumentation", () => [
        ...table("Instrumentation", { scope: span.scope || "unknown", kind: span.spanKind }),
        ...table("Resource", data.resources[span.resource])]));
    details.scrollTop = 0;
  }

  function remember(span) {
    try { history.replaceState(null, "", "#" + trace.id + "/" + span.id); } catch { /* not everywhere */ }
  }

  function faults(span) {
    const thrown = (span.events || []).filter((event) => event.name === "exception");
    if (span.status !== "error" && !thrown.length) return [];
    const made = [];
    for (const { attributes = {} } of thrown) {
      const says = attributes["exception.message"];
      made.push(el("p", {}, el("strong", {}, label(attributes["exception.type"] || "exception"))));
      if (says) made.push(longText(says));
      if (attributes["exception.stacktrace"]) {
        made.push(fold("Stack trace", () => [longText(attributes["exception.stacktrace"])]));
      }
    }
    const isSaid = thrown.some(({ attributes = {} }) => attributes["exception.message"] === span.message);
    if (span.message && !isSaid) made.unshift(longText(span.message));
    if (!made.length) made.push(el("strong", {}, label(span.error || "error")));
    return [el("div", { class: "fault", role: "group", "aria-label": "Error" }, ...made)];
  }

  function facts(span) {
    const counts = Object.entries(span.tokens || {}).map(([what, count]) => count.toLocaleString("en") + " " + what);
    const rows_ = {
      Model: span.model, Provider: span.provider, Tokens: counts.join(", "),
      Cost: money(span), Service: span.service,
      Begins: span.start ? "after " + elapsed(span.start) : "first", "Span id": span.id, "Trace id": trace.id,
    };
    return el("dl", { class: "facts" }, ...Object.entries(rows_).filter(([, value]) => value)
      .flatMap(([name, value]) => [el("dt", {}, name), el("dd", { class: /id$/.test(name) ? "mono" : null }, label(value))]));
  }

  function result({ name, score, label: word, error }) {
    return [name, score, word, error && "error " + error].filter(Boolean).join(" ");
  }

  function evaluations(span) {
    if (!span.evaluations) return [];
    return [el("h3", {}, "Evaluations"), limited(span.evaluations, (each) => el("div", { class: "block" },
      el("p", {}, el("b", {}, label(result(each), 200)), each.response ? el("span", { class: "hint" }, " of " + label(each.response, 80)) : null),
      each.explanation ? longText(each.explanation, "prose") : null), "evaluation")];
  }

  function sections(span) {
    const { messages = [], texts = [], documents = [] } = span.sections || {};
    const made = [];
    if (messages.length) {
      made.push(el("h3", {}, "Conversation"), limited(messages, message, "message"));
    }
    for (const [title, text] of texts) {
      const block = () => [el("div", { class: "block" }, longText(text))];
      if (messages.length || title === "Tools offered") made.push(fold(title, block));
      else made.push(el("h3", {}, title), ...block());
    }
    for (const [title, list] of documents) {
      made.push(el("h3", {}, title + " (" + list.length + ")"), limited(list, found, "document"));
    }
    return made;
  }

  function message({ role, name, parts, direction }) {
    const known = ["user", "assistant", "system", "tool"].includes(role) ? role : "";
    const head = label(role, 40) + (name ? " · " + label(name, 80) : "") + (direction === "output" ? " · answer" : "");
    return el("article", { class: "said " + known, "aria-label": head }, el("h4", {}, head), limited(parts || [], part, "part"));
  }

  function part({ type, text = "", name = "", id = "", source }) {
    const tag = id ? " · " + label(id, 60) : "";
    if (type === "text") return el("div", { class: "part" }, longText(text, "prose"));
    if (type === "call") {
      return el("div", { class: "part" }, el("p", { class: "what" }, "calls ", el("b", {}, label(name || "a tool")), tag),
        text ? el("div", { class: "block" }, longText(text)) : null);
    }
    if (type === "result") {
      return el("div", { class: "part" }, el("p", { class: "what" }, "result" + tag), el("div", { class: "block" }, longText(text)));
    }
    if (type === "media") {
      const made = el("div", { class: "part" }, el("p", { class: "what" }, (label(name, 80) || "media") + " · " + label(text, 200)));
      if (source && IMAGE.test(source)) made.append(el("img", { class: "picture", src: source, alt: "picture in the message", loading: "lazy" }));
      return made;
    }
    const what = type === "reasoning" ? "reasoning" : "other content";
    return el("div", { class: "part reasoning" }, el("p", { class: "what" }, what), longText(text));
  }

  function found({ id, score, text = "", metadata }) {
    const head = [id && "id " + label(id, 80), score && "score " + label(score, 20)].filter(Boolean).join(" · ");
    return el("article", { class: "said", "aria-label": "Document " + head }, head ? el("h4", {}, head) : null,
      longText(text, "prose"), metadata ? fold("Metadata", () => [longText(metadata)]) : null);
  }

  function events(span) {
    const list = (span.events || []).filter((event) => event.name !== "exception");
    if (!list.length) return [];
    return [el("h3", {}, "Events"), limited(list, (event) => el("div", { class: "block" },
      el("p", {}, el("b", {}, label(event.name || "(no name)")), " ", el("span", { class: "hint" }, event.time === null ? "" : "after " + elapsed(event.time))),
      ...table("", event.attributes)), "event")];
  }

  function links(span) {
    if (!span.links) return [];
    return [el("h3", {}, "Links"), limited(span.links, ([traceId, spanId, attributes]) => {
      const place = traceId === trace.id ? spans.findIndex((each) => each.id === spanId) : -1;
      const block = el("div", { class: "block" });
      if (place >= 0) {
        const button = el("button", { type: "button" }, "Go to " + label(nameOf(spans[place]), 80));
        button.addEventListener("click", () => { open(place); go(place); });
        block.append(button);
      } else block.append(el("p", { class: "mono" }, "span " + spanId + " of trace " + traceId));
      block.append(...table("", attributes));
      return block;
    }, "link")];
  }

  function table(title, attributes) {
    const entries = Object.entries(attributes || {}).sort(([one], [other]) => (one < other ? -1 : 1));
    if (!entries.length) return [];
    const row = ([name, value]) => el("tr", {}, el("th", { scope: "row" }, label(name)),
      el("td", {}, longText(typeof value === "string" ? value : JSON.stringify(value))));
    const body = el("tbody");
    const made = [el("table", { "aria-label": title || "Attributes" }, body)];
    if (title) made.unshift(el("h3", {}, title));
    const button = fill(body, entries, row, "attribute");
    return button ? [...made, button] : made;
  }

  // ---- what is long is there in part, and the rest on demand --------------------------------

  function limited(list, make, noun) {
    const box = el("div"), inner = el("div");
    box.append(inner);
    const button = fill(inner, list, make, noun);
    if (button) box.append(button);
    return box;
  }

  function fill(box, list, make, noun) {
    let done = 0;
    const step = () => {
      box.append(...list.slice(done, done + FEW).map(make));
      done = Math.min(done + FEW, list.length);
    };
    step();
    if (done === list.length) return null;
    const says = () => "Show more: " + (list.length - done).toLocaleString("en") + " of " + counted(list.length, noun);
    const button = el("button", { type: "button", class: "more" }, says());
    button.addEventListener("click", () => {
      step();
      if (done === list.length) button.remove(); else button.textContent = says();
    });
    return button;
  }

  function longText(text, style = "text") {
    const whole = String(text), pre = el("pre", { class: style, dir: "auto" });
    let done = Math.min(SHORT, whole.length);
    pre.textContent = visible(whole.slice(0, done));
    if (done === whole.length) return pre;
    const says = () => "Show more: " + (whole.length - done).toLocaleString("en") + " of " + counted(whole.length, "character");
    const button = el("button", { type: "button", class: "more" }, says());
    button.addEventListener("click", () => {
      const end = Math.min(done + MORE, whole.length);
      pre.append(visible(whole.slice(done, end)));
      done = end;
      if (done === whole.length) button.remove(); else button.textContent = says();
    });
    return el("div", {}, pre, button);
  }

  function fold(title, make) {
    const box = el("details", { class: "fold" }, el("summary", {}, title));
    box.addEventListener("toggle", () => { if (box.open && box.childElementCount === 1) box.append(...make()); });
    return box;
  }

  // ---- start --------------------------------------------------------------------------------

  data.traces.forEach((each, index) => {
    const says = [label(nameOf(each.spans[0]), 60), label(each.spans[0].service || "", 30), elapsed(each.duration || 0),
      counted(each.spans.length, "span"), each.errors ? counted(each.errors, "error") : "", each.id.slice(0, 8)];
    $("trace").append(el("option", { value: index }, says.filter(Boolean).join(" · ")));
  });
  $("choice").hidden = data.traces.length < 2;
  $("trace").addEventListener("change", (event) => choose(Number(event.target.value)));
  const begin = () => {
    const [traceId, spanId] = location.hash.slice(1).split("/");
    choose(Math.max(0, data.traces.findIndex((each) => each.id === traceId)), spanId);
  };
  addEventListener("hashchange", begin);
  begin();
})();
