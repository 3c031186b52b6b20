// A table that is sorted by a click on a column's head, and the way to the next page.

/** The columns that say something: one that is empty, or told beside the table, goes. */
function columnsOf(fields, rows, quiet = [], of = undefined) {
  const all = fields.map((field, at) => ({ at, table: of, ...(typeof field === "object" ? field : { field }) }));
  return all.filter(({ field }) => !quiet.includes(field)).flatMap((column) => {
    const values = rows.map((row) => row[column.at]).filter((value) => value !== null && value !== undefined && value !== "");
    return !values.length && rows.length ? [] : { ...column, numeric: values.length > 0 && values.every((value) => typeof value === "number") && !isState(column.field),
      dates: values.length > 0 && values.every((value) => typeof value === "string" && DATE.test(value)) };
  });
}
/** The one currency of the rows, where there is one; it is then told once. */
function oneCurrency(fields, rows) {
  const at = fields.findIndex((field) => (field.field ?? field) === "currency");
  const found = new Set(rows.map((row) => row[at]).filter(Boolean));
  return at >= 0 && found.size === 1 ? [...found][0] : null;
}
/** Reports put the rows that they add, such as 'Opening', in quotes. */
const bare = (column, value) => column.type && typeof value === "string" ? value.replace(/^'(.+)'$/, "$1") : value;
const cell = (column, value) => isState(column.field) && value !== null && value !== ""
  ? h("td", {}, pill(shown(value, column.field)))
  : h("td", { class: column.numeric ? "number" : column.dates || /^\S{1,30}$/.test(value) ? "whole" : null },
    column.text && value ? column.text(value) : !column.type || typeof value !== "number" ? shown(bare(column, value), column.field, "", column.table)
      : column.type === "Percent" ? number(value, "percent") : number(value, column.type === "Currency" ? "amount" : "", ""));

/** What has to be in sight: what it is about, its state, its sum. The rest follows in its order. */
function inSight(columns) {
  const [first, ...others] = columns;
  const state = others.find(({ field }) => isState(field));
  const sum = SIGHTED.map((known) => others.find(({ field }) => field === known)).find(Boolean)
    ?? others.find(({ field, type, table: of }) => type ? type === "Currency" : isMoney(field, of)) ?? [...others].reverse().find(({ numeric }) => numeric);
  const led = [state, sum].filter(Boolean);
  const rest = others.filter((column) => !led.includes(column));
  // Of the rows of a document how many and at what rate is looked for before where.
  return [first, ...led, ...first.table ? rest.sort((a, b) => b.numeric - a.numeric) : rest];
}
const SIGHTED = ["allocated_amount", "grand_total", "outstanding_amount", "outstanding", "amount", "total"];

/** A table; where it is wider than its frame, it says so, and what has to be in sight comes first. */
function table(name, columns, rows, total) {
  const region = h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": name });
  const hint = h("p", { class: "quiet more", hidden: "" }, "Scroll sideways for more columns →");
  const isWide = () => region.scrollWidth > region.clientWidth + 1;
  let led = false;
  region.append(grid(columns, rows, total));
  const fit = () => {
    if (!led && isWide()) {
      led = true;
      region.replaceChildren(grid(inSight(columns), rows, total));
    }
    const wide = isWide();
    region.classList.toggle("wide", wide);
    hint.hidden = !wide || region.scrollLeft + region.clientWidth > region.scrollWidth - 2;
    region.classList.toggle("fades", !hint.hidden);
  };
  region.addEventListener("scroll", fit);
  queueMicrotask(fit);
  new ResizeObserver(() => requestAnimationFrame(fit)).observe(region);
  return h("div", { class: "table" }, region, hint);
}

function grid(columns, rows, total) {
  let by = null, down = false;
  const compare = (a, b) => typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), host.context.locale, { numeric: true });
  const body = h("tbody");
  const draw = () => {
    const empty = (value) => value === null || value === undefined || value === "";
    const order = by === null ? rows : [...rows].sort((a, b) => {
      const [x, y] = [a[by], b[by]];
      // What is empty stands last in either direction.
      return empty(x) || empty(y) ? empty(x) - empty(y) : down ? compare(y, x) : compare(x, y);
    });
    body.replaceChildren(...order.map((row) => h("tr", {}, columns.map((column) => cell(column, row[column.at])))));
    heads.forEach((head, i) => by === columns[i].at ? head.setAttribute("aria-sort", down ? "descending" : "ascending") : head.removeAttribute("aria-sort"));
    heads.forEach((head, i) => { head.querySelector("span").textContent = by === columns[i].at ? (down ? " ↓" : " ↑") : ""; });
  };
  const heads = columns.map((column) => h("th", { scope: "col", class: column.numeric ? "number" : null }, h("button", {
    click: () => { down = by === column.at ? !down : column.numeric; by = column.at; draw(); },
  }, column.label || label(column.field, column.table), h("span", { "aria-hidden": "true" }))));
  draw();
  const sums = total && h("tfoot", {}, h("tr", {}, columns.map((column, i) => total[column.field] !== undefined
    ? cell(column, total[column.field]) : h("td", {}, i ? "" : "Total"))));
  return h("table", {}, h("thead", {}, h("tr", {}, heads)), body, sums || null);
}

const pages = [];
/** The line below a table: how many of how many, and on to the next page where the host lets views call. */
function foot(data, ...more) {
  const call = caller();
  const go = (text, on) => h("button", { click: on }, text);
  const next = async ({ target }) => {
    target.disabled = true;
    const before = pages.length;
    try {
      const page = await call({ ...host.input, cursor: data.next_cursor });
      if (pages.length === before) pages.push(data);
      show(page);
    } catch (error) { target.replaceWith(words(error.message, true)); }
  };
  const back = () => fill(draw(pages.pop()));
  const count = data.shown && h("strong", {}, data.shown);
  const sorting = /\b(of|more)\b/.test(data.shown) && "sorting is among the rows shown";
  const unasked = data.next_cursor && !call && "ask for the next page to see more";
  const said = remarks(data, sorting, unasked, ...more);
  return h("div", { class: "foot" }, h("p", { class: "quiet" }, count || "", said && count ? ` · ${said}` : said),
    pages.length ? go("Back", back) : null, data.next_cursor && call ? go("Next page", next) : null);
}
