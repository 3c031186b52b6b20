// One document: what it is, its figures and dates, its tables, and at the end what is nought.
const NAMES = ["title", "customer_name", "supplier_name", "item_name", "subject", "party_name", "lead_name", "project_name", "full_name"];
const SUMS = ["grand_total", "paid_amount", "total_debit", "outstanding_amount"];
const nought = (value) => value === 0 || value === false || value === null || value === "";
const pairs = (entries, currency) => h("dl", {}, entries.map(([field, value]) => {
  const long = typeof value === "string" && value.length > 60;
  return h("div", { class: long ? "wide" : null }, h("dt", {}, label(field)), h("dd", { class: long ? "text" : null }, shown(value, field, currency)));
}));
const group = (title, entries, currency) => entries.length ? [h("h2", {}, title), pairs(entries, currency)] : [];

const FIRST = ["item_code", "item_name", "account", "account_head", "description", "due_date", "warehouse", "qty", "uom", "rate",
  "tax_amount", "amount", "total", "debit", "credit", "payment_amount"];
/** A child table: first what a person looks for in it, and all of it on demand. */
function rowsOf(field, list, doc) {
  const keys = [...new Set(list.flatMap(Object.keys))].filter((key) => key !== "name" && list.some((row) => !nought(row[key])));
  const repeats = (key) => key.startsWith("base_") || list.every((row) => doc[key] !== undefined && row[key] === doc[key])
    || key === "item_name" && keys.includes("description") && list.every((row) => row.item_name === row.description);
  const known = FIRST.filter((key) => keys.includes(key) && !repeats(key));
  const few = (known.length >= 3 ? known : keys.filter((key) => !repeats(key))).slice(0, 8);
  const draw = (fields) => {
    const rows = list.map((row) => fields.map((key) => row[key]));
    return table(label(field), columnsOf(fields, rows, [], field), rows);
  };
  const shownNow = h("div", {}, draw(few));
  const more = keys.length > few.length && h("button", { "aria-expanded": "false", click: () => {
    const all = more.getAttribute("aria-expanded") === "false";
    more.setAttribute("aria-expanded", all);
    more.textContent = all ? "Fewer columns" : `All ${keys.length} columns`;
    shownNow.replaceChildren(draw(all ? keys : few));
  } }, `All ${keys.length} columns`);
  return [h("div", { class: "head" }, h("h2", {}, `${label(field)} (${list.length})`), h("span", { class: "fill" }), more || null), shownNow];
}

function draw(data) {
  const doc = data.document;
  if (!doc || typeof doc !== "object") return null;
  const kind = doctype() ?? "Document";
  const name = doc.name ?? host.input.name ?? kind;
  const called = NAMES.map((field) => doc[field]).find((text) => typeof text === "string" && text && text !== name);
  const sum = SUMS.find((field) => typeof doc[field] === "number");
  const state = doc.workflow_state ?? doc.status ?? STATES[doc.docstatus];
  const told = ["name", "docstatus", "status", "workflow_state", "currency"];
  const entries = Object.entries(doc).filter(([field, value]) => !told.includes(field) && !Array.isArray(value)
    && !(field === "title" && value === called) && !(field.endsWith("_name") && value === doc[field.slice(0, -5)]) && !(field.startsWith("base_") && value === doc[field.slice(5)]));
  const is = (test) => entries.filter(([field, value]) => !nought(value) && test(field, value));
  const date = (_, value) => typeof value === "string" && DATE.test(value);
  const figure = (field, value) => typeof value === "number";
  const text = (field, value) => !date(field, value) && !figure(field, value);
  const amounts = is((field, value) => figure(field, value) && isMoney(field));
  const tables = Object.entries(doc).filter(([, value]) => Array.isArray(value) && value.length && typeof value[0] === "object");
  const empty = entries.filter(([, value]) => nought(value));
  return [
    h("p", { class: "quiet" }, called ? `${kind} · ${name}` : kind),
    h("div", { class: "head" }, h("h1", {}, String(called ?? name)), state ? pill(state) : null, h("span", { class: "fill" }),
      sum ? h("strong", { class: "sum" }, shown(doc[sum], sum, doc.currency)) : null),
    ...group("Details", is(text)),
    ...group("Dates", is(date)),
    ...group(doc.currency ? `Amounts in ${doc.currency}` : "Amounts", amounts),
    ...group("Figures", is((field, value) => figure(field, value) && !isMoney(field))),
    ...tables.flatMap(([field, rows]) => rowsOf(field, rows, doc)),
    empty.length ? h("details", {}, h("summary", {}, `${empty.length} fields that are 0 or no`), pairs(empty)) : null,
    h("div", { class: "foot" }, h("p", { class: "quiet" }, remarks(data))),
  ];
}
