"use strict";
// The host, spoken to in JSON-RPC over postMessage; and what all views draw with. A view defines draw(data), which gives
// nodes, or nothing where the data is not what it knows: then the text of the result is shown.
const host = { context: {}, can: {}, input: {} };
// What the site says of the DocType: its name, labels and types of fields, those of tables, and its address in the desk.
let site = {};
const asked = new Map();
let lastId = 0;

const post = (message) => parent.postMessage({ jsonrpc: "2.0", ...message }, "*");
const ask = (method, params) => new Promise((resolve, reject) => {
  asked.set(++lastId, { resolve, reject });
  post({ id: lastId, method, params });
});
const heard = {
  __proto__: null,
  "ui/notifications/tool-input": ({ arguments: input }) => { host.input = input ?? {}; },
  "ui/notifications/tool-result": (result) => show(result),
  "ui/notifications/tool-cancelled": ({ reason }) => fill(told(reason || "The call was cancelled.")),
  "ui/notifications/host-context-changed": (context) => adopt(context),
  "ui/resource-teardown": () => {},
  "ping": () => {},
};
addEventListener("message", ({ source, data }) => {
  if (source !== parent || data?.jsonrpc !== "2.0") return;
  const { id, method, params, result, error } = data;
  if (!method) {
    const waiting = asked.get(id);
    asked.delete(id);
    return error ? waiting?.reject(new Error(error.message)) : waiting?.resolve(result);
  }
  heard[method]?.(params ?? {});
  if (id === undefined) return;
  post(heard[method] ? { id, result: {} } : { id, error: { code: -32601, message: `no method ${method}` } });
});

/** Calls the tool that gave the result, with these arguments; null where the host does not let views call. */
const caller = () => {
  const name = host.context.toolInfo?.tool?.name;
  return host.can.serverTools && name ? (input) => ask("tools/call", { name, arguments: input }) : null;
};

/** What the tool is called; the list does not always tell its title. */
const toolTitle = () => {
  const { title, name } = host.context.toolInfo?.tool ?? {};
  const [, verb] = /^([a-z]+)_(?!generic|bulk).+_document$/.exec(name ?? "") ?? [];
  return title || (verb && site.doctype ? `${sentence(verb)} ${site.doctype}` : label(name ?? ""));
};
/** The DocType that the call is about. */
const doctype = () => {
  const [, verb, typed] = /^([a-z]+)_(?!generic)(.+)_documents?$/.exec(host.context.toolInfo?.tool?.name ?? "") ?? [];
  return site.doctype ?? host.input.doctype ?? (typed && label(toolTitle().replace(new RegExp(`^${verb} `, "i"), "").replace(/ documents?$/, "")));
};

/** The way to a document in the desk: a button where the host opens links, else its address. */
function desk(name) {
  if (!site.desk || typeof name !== "string") return null;
  const url = name === site.doctype ? site.desk : `${site.desk}/${encodeURIComponent(name)}`;
  const address = h("span", { class: "quiet address" }, url);
  if (!host.can.openLinks) return address;
  const open = async ({ target }) => {
    const { isError } = await ask("ui/open-link", { url }).catch(() => ({ isError: true })) ?? {};
    if (isError) target.replaceWith(address);
  };
  return h("button", { click: open }, "Open in ERPNext");
}

function adopt(context) {
  Object.assign(host.context, context);
  const root = document.documentElement;
  if (context.theme) root.style.colorScheme = context.theme;
  for (const [name, value] of Object.entries(context.styles?.variables ?? {})) {
    if (name.startsWith("--") && value) root.style.setProperty(name, value);
  }
}

/** An error as a person needs it: without what the model is to do next, and the site's name of the exception. */
const plainly = (text) => text.replace(/^next: [^]*$/m, "").replace(/^exc_type: .*\n?/gm, "").trim();
const ADVICE = /^("|there are more groups|(naming|name|raise|filter|use|add|read|ask|call|give|more words)\b)/;
/** A note without the parts that tell a model what to call. */
const noted = (note) => String(note).split("; ").map((said) => said.split(": ").filter((part) => !ADVICE.test(part)).join(": "))
  .filter(Boolean).join("; ");

/** What a CallToolResult holds: its text, and its data where there is any. */
function read(result) {
  const text = (result.content ?? []).filter((block) => block.type === "text").map((block) => block.text);
  let data = result.structuredContent;
  if (!data && !result.isError) {
    try { data = JSON.parse(text[0]); } catch { /* then it is text */ }
  }
  return { text: text.join("\n\n"), data: data && typeof data === "object" ? data : null, failed: !!result.isError };
}
function show(result) {
  site = result._meta?.["erpnext-mcp/view"] ?? {};
  const { text, data, failed } = read(result);
  let nodes = null;
  try {
    nodes = data && !failed ? draw(data) : null;
  } catch (error) { console.error(error); }
  fill(nodes ?? told(failed ? plainly(text) : text || JSON.stringify(data), failed));
}

/** An element. Whatever comes from the site is a child, and every child is text or a node. */
function h(tag, given, ...children) {
  const node = document.createElementNS(given?.svg ? "http://www.w3.org/2000/svg" : "http://www.w3.org/1999/xhtml", tag);
  for (const [key, value] of Object.entries(given ?? {})) {
    if (typeof value === "function") node.addEventListener(key, value);
    else if (key !== "svg" && value !== null && value !== undefined) node.setAttribute(key, value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}
const fill = (nodes) => document.querySelector("main").replaceChildren(...nodes.filter(Boolean));
let height = 0;
/** Tells the host how high the page is, where that changed. */
function measure() {
  const now = Math.ceil(document.body.getBoundingClientRect().height);
  if (now === height) return;
  height = now;
  post({ method: "ui/notifications/size-changed", params: { width: innerWidth, height } });
}
const words = (text, failed) => h("p", { class: failed ? "text bad" : "text", role: failed ? "alert" : null }, text);

/** What has no figure of its own, below the name of what was called. */
const told = (text, failed) => [h("h1", {}, toolTitle() || document.title), words(text, failed)];

const SHORT = /\b(uom|po|bom|vat|id|gst|sku|gl)\b/g;
/** What the site says of a field, of a table's column, or of what is measured. */
function about(field, table) {
  const [, of, column] = /^(\w+)\.(\w+)$/.exec(field) ?? [];
  const fields = of ? site.tables?.[of] : table ? site.tables?.[table] : site.fields;
  return fields?.[column ?? field] ?? {};
}
const MEASURED = /^(sum|avg|min|max)\((.+)\)$/;
/** A field as the site labels it; else its name as a person reads it. */
function label(field, table) {
  if (field === "docstatus") return "State";
  if (field === "doctype") return "DocType";
  const [, of, inner] = MEASURED.exec(field) ?? [];
  if (inner) return `${{ avg: "Average", min: "Least", max: "Greatest" }[of] ?? "Sum"} of ${label(inner)}`;
  const known = about(field, table).label;
  if (typeof known === "string" && known) return known;
  const text = field.replace(/^per_/, "% ").replace(/[_.]/g, " ").trim().replace(SHORT, (short) => short.toUpperCase());
  return sentence(text);
}
const MONEY = /total|amount|rate(?!d)|price|outstanding|paid|debit|credit|balance|charges|discount|margin|profit|cost|salary/;
const NO_MONEY = /qty|quantity|percent|^per_|conversion|exchange|weight|tax_rate|commission_rate|count|is_|has_|disable/;
const typeOf = (field, table) => about(MEASURED.exec(field)?.[2] ?? field, table).type;
function isMoney(field, table) {
  const type = typeOf(field, table);
  // What a payment refers to is in Floats.
  return type && !(type === "Float" && /amount|outstanding/.test(field)) ? type === "Currency" : MONEY.test(field) && !NO_MONEY.test(field);
}
/** The rate of a tax is a Float, and a percentage by its label alone. */
function isPercent(field, table) {
  const { label: text = "", type } = about(MEASURED.exec(field)?.[2] ?? field, table);
  return type ? type === "Percent" || type === "Float" && /%|percent|tax rate/i.test(text) : /^per_|percent/.test(field);
}
/** What the amounts of a field are in: what the document says in the field that the site names, where it names one. */
function currencyOf(doc, field, table) {
  const named = about(field, table).currency;
  return (named?.includes(":") ? "" : doc[named] ?? doc.currency) ?? "";
}
const STATES = ["Draft", "Submitted", "Cancelled"];

function number(value, field, currency, table) {
  const money = currency !== undefined && isMoney(field, table);
  if (isPercent(field, table)) return new Intl.NumberFormat(host.context.locale, { style: "percent", maximumFractionDigits: 2 }).format(value / 100);
  // What is rounded to nothing has no sign.
  if (Math.abs(value) < (money ? 0.005 : 0.0005)) value = 0;
  const digits = money ? { minimumFractionDigits: 2, maximumFractionDigits: 2 } : { maximumFractionDigits: 3 };
  const text = new Intl.NumberFormat(host.context.locale, digits).format(value);
  return currency && money ? `${text} ${currency}` : text;
}
const DATE = /^\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?$/;
/** A time of day; its seconds say nothing to people. */
const TIME = /^(\d\d?:\d\d):\d\d(?:\.\d+)?$/;
/** A date or time of the site, in its own zone. */
function date(text, style = { dateStyle: "medium", ...(text.length > 10 && { timeStyle: "short" }) }) {
  const at = new Date(`${text.slice(0, 10)}T${text.slice(11, 16) || "00:00"}Z`);
  return isNaN(at) ? text : new Intl.DateTimeFormat(host.context.locale, { ...style, timeZone: "UTC" }).format(at);
}
/** A value as text; `currency` is that of its amounts, empty where it stands elsewhere. */
function shown(value, field = "", currency = "", table = undefined) {
  if (value === null || value === undefined || value === "") return "–";
  if (field === "docstatus") return STATES[value] ?? String(value);
  if (typeof value === "boolean") return value ? "Yes" : "No";
  if (typeof value === "number") return number(value, field, currency, table);
  if (typeof value === "object") return JSON.stringify(value);
  return DATE.test(value) ? date(value) : TIME.exec(value)?.[1] ?? String(value);
}

const TONES = [
  [/overdue|cancel|reject|lost|fail|expired|stopped|not done|discard/i, "bad"],
  [/unpaid|partly|hold|pending|waiting|^to |due|return/i, "warn"],
  [/paid|complete|closed|submitted|active|enabled|delivered|approved|done|ordered|converted|billed|created|updated|added/i, "good"],
  [/open|new|replied|interested|dry run|progress|working/i, "info"],
];
const pill = (text) => h("span", { class: `pill ${TONES.find(([known]) => known.test(text))?.[1] ?? ""}` }, String(text));
const isState = (field) => /^(.*_)?(status|docstatus|state)$/.test(field);
const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1);
/** What a result says about itself, in one line. */
const remarks = (data, ...more) => [
  ...more, data.note && noted(data.note), data.message, data.time_zone && `Times in ${data.time_zone}`,
  data.withheld?.length && `Withheld: ${data.withheld.map((field) => label(field)).join(", ")}`, Array.isArray(data.left_out) ? `Not copied: ${data.left_out.map((field) => label(field)).join(", ")}` : data.left_out && "Some of it was too long and is left out",
  data.age_s !== undefined && `As of ${data.age_s} s ago`,
].filter(Boolean).join(" · ");

addEventListener("load", async () => {
  const appInfo = { name: document.title, version: "1" };
  const about = { protocolVersion: "2026-01-26", appInfo, appCapabilities: { availableDisplayModes: ["inline", "fullscreen"] } };
  const { hostContext, hostCapabilities } = await ask("ui/initialize", about);
  host.can = hostCapabilities ?? {};
  adopt(hostContext ?? {});
  // A page that is not drawn just now, since it is scrolled away, is told of by its changes alone.
  new MutationObserver(measure).observe(document.body, { attributes: true, childList: true, subtree: true });
  new ResizeObserver(measure).observe(document.body);
  post({ method: "ui/notifications/initialized", params: {} });
});
