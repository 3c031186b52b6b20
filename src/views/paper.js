// A document as paper has it: who and how much it is about, its rows, and the rest folded, unless it is to be decided on.
const NAMES = ["title", "customer_name", "supplier_name", "item_name", "subject", "party_name", "lead_name", "project_name", "full_name"];
const SUMS = ["grand_total", "paid_amount", "total_debit"];
const PARTIES = ["customer", "supplier", "party", "lead", "employee", "customer_name", "supplier_name", "party_name", "employee_name"];
const DATES = ["transaction_date", "posting_date", "delivery_date", "schedule_date", "due_date", "valid_till", "expected_closing",
  "exp_start_date", "exp_end_date", "from_date", "to_date", "date"];
const AMOUNTS = ["net_total", "total_taxes_and_charges", "discount_amount", "advance_paid", "paid_amount", "received_amount",
  "total_credit", "unallocated_amount"];
/** How many facts stand above the rows of a document that has few of the above. */
const FACTS = 6;
const nought = (value) => value === 0 || value === false || value === null || value === "";
/** Addresses are broken where they have parts. */
const parted = (text) => (text.match(/[^@/]*[@/]?/g) ?? []).filter(Boolean).flatMap((part, i) => i ? [h("wbr"), part] : [part]);
const pairs = (entries, doc, told) => h("dl", {}, entries.map(([field, value]) => {
  const long = typeof value === "string" && value.length > 60;
  const currency = currencyOf(doc, field);
  return h("div", { class: long ? "wide" : null }, h("dt", {}, label(field)),
    h("dd", { class: long ? "text" : null }, parted(shown(value, field, told === currency ? "" : currency))));
}));
const group = (title, entries, doc, told) => entries.length ? [h("h2", {}, title), pairs(entries, doc, told)] : [];

const FIRST = ["item_code", "item_name", "account", "account_head", "reference_name", "description", "due_date", "warehouse", "qty", "uom",
  "rate", "tax_amount", "amount", "total", "total_amount", "outstanding_amount", "allocated_amount", "debit", "credit", "payment_amount"];
/** A child table: first what a person looks for in it, and all of it on demand; of a `whole` document all at once. */
function rowsOf(field, list, doc, whole) {
  const keys = [...new Set(list.flatMap(Object.keys))].filter((key) => key !== "name" && (whole || list.some((row) => !nought(row[key]))));
  const repeats = (key) => key.startsWith("base_") || list.every((row) => doc[key] !== undefined && row[key] === doc[key])
    || key === "item_name" && keys.includes("description") && list.every((row) => row.item_name === row.description);
  const known = FIRST.filter((key) => keys.includes(key) && !repeats(key));
  const few = (known.length >= 3 ? known : keys.filter((key) => !repeats(key))).slice(0, 8);
  const draw = (fields) => {
    const rows = list.map((row) => fields.map((key) => row[key]));
    return table(label(field), columnsOf(fields, rows, [], field), rows);
  };
  if (whole) return [h("h2", {}, `${label(field)} (${list.length})`), draw([...few, ...keys.filter((key) => !few.includes(key))])];
  const shownNow = h("div", {}, draw(few));
  const more = keys.length > few.length && h("button", { "aria-expanded": "false", click: () => {
    const all = more.getAttribute("aria-expanded") === "false";
    more.setAttribute("aria-expanded", all);
    more.textContent = all ? "Fewer columns" : `All ${keys.length} columns`;
    shownNow.replaceChildren(draw(all ? keys : few));
  } }, `All ${keys.length} columns`);
  return [h("div", { class: "head" }, h("h2", {}, `${label(field)} (${list.length})`), h("span", { class: "fill" }), more || null), shownNow];
}

/** Who or what it is about, where its name does not say so; a name that is drawn by lot says nothing. */
const calledOf = (doc, name) => NAMES.map((field) => doc[field]).find((text) => typeof text === "string" && text && text !== name)
  ?? (/^[0-9a-z]{10}$/.test(name) && typeof doc.description === "string" && doc.description.length < 80 && doc.description || undefined);
const STATED = ["workflow_state", "status", "docstatus"];
const stateOf = (doc) => doc.workflow_state ?? doc.status ?? STATES[doc.docstatus];
/** The document of that name; `pills` stand beside its head, `about` above it. One that is to be decided on is `whole`: nothing
    of it is left out or folded, and what is `asked` of it, if anything is, stands in the place of its name. */
function paper(doc, name, about, pills, whole, asked) {
  const called = calledOf(doc, name);
  const head = called ?? name;
  const sum = SUMS.find((field) => typeof doc[field] === "number");
  const sums = [sum, "outstanding_amount"].filter((field) => typeof doc[field] === "number");
  const state = stateOf(doc);
  const isTold = whole ? (field, value) => field === "currency" ? sums.some((field) => currencyOf(doc, field) === value)
    : STATED.includes(field) && shown(value, field) === state : (field) => field === "name" || field === "currency" || STATED.includes(field);
  /** What the head says. Of a whole document that is so of what names it alone: a figure or a link may be the same by chance. */
  const isHead = (field, value) => whole ? !asked && value === head && [...NAMES, ...PARTIES].includes(field) : [called, name].includes(value);
  const entries = Object.entries(doc).filter(([field, value]) => !sums.includes(field) && !isTold(field, value) && !Array.isArray(value)
    && !(field === "title" && value === called && !asked) && !(field.endsWith("_name") && value === doc[field.slice(0, -5)]) && !(field.startsWith("base_") && value === doc[field.slice(5)]));
  const given = entries.filter(([, value]) => !nought(value));
  const date = (value) => typeof value === "string" && DATE.test(value);
  const figure = (value) => typeof value === "number";
  const known = ["name", ...STATED, ...PARTIES, ...DATES, "currency", ...AMOUNTS].flatMap((field) => given.filter(([key, value]) => key === field && !isHead(key, value)));
  const others = given.filter((entry) => !known.includes(entry) && !/^(modified|naming_series)$|conversion_rate$/.test(entry[0]) && !isHead(...entry));
  const facts = known.length > 2 ? known : [...known, ...others].slice(0, FACTS);
  const is = (test) => given.filter((entry) => !facts.includes(entry) && !isHead(...entry) && test(entry[1], entry[0]));
  const [rows, ...tables] = Object.entries(doc).filter(([, value]) => Array.isArray(value) && value.length && typeof value[0] === "object")
    .sort(([a], [b]) => (b === "items") - (a === "items"));
  const empty = entries.filter(([, value]) => nought(value));
  const folded = [
    ...group("Details", is((value) => !date(value) && !figure(value)), doc),
    ...group("Dates", is(date), doc),
    ...group(doc.currency ? `Amounts in ${doc.currency}` : "Amounts", is((value, field) => figure(value) && isMoney(field)), doc, doc.currency),
    ...group("Figures", is((value, field) => figure(value) && !isMoney(field)), doc),
    ...tables.flatMap(([field, list]) => rowsOf(field, list, doc, whole)),
    ...group("0 or no", empty, doc),
  ];
  return [
    h("p", { class: "quiet" }, about),
    h("div", { class: "head" }, h("h1", {}, String(asked ?? head)), pills, whole && state ? pill(state) : null, h("span", { class: "fill" }),
      sums.length ? h("dl", { class: "sums" }, sums.map((field) => h("div", {}, h("dt", {}, label(field)),
        h("dd", { class: "sum" }, shown(doc[field], field, currencyOf(doc, field)))))) : null),
    facts.length ? pairs(facts, doc) : null,
    ...rows ? rowsOf(...rows, doc, whole) : [],
    folded.length ? h("details", { class: "rest", open: whole ? "" : null }, h("summary", {}, "Everything else"), h("div", {}, folded)) : null,
  ];
}
