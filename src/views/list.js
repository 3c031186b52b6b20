// Rows under columns: a list, a search, or any list of things alike.
function draw(data) {
  let { columns: fields, rows } = data;
  if (!fields) {
    const things = Object.values(data).find((value) => Array.isArray(value) && value.every((thing) => thing && typeof thing === "object"));
    if (!things) return null;
    fields = [...new Set(things.flatMap(Object.keys))];
    rows = things.map((thing) => fields.map((field) => thing[field]));
    const many = things.length;
    data = { shown: data.count > many ? `${many} of ${data.count}` : data.next_cursor ? String(many) : `all ${many}`, ...data };
  }
  // What another column says again goes; where a text begins with the name, only the rest of it is told.
  const repeats = fields.filter((_, at) => at && rows.length && rows.every((row) => row[at] === row[0]));
  const rest = (value, name) => typeof value === "string" && value.startsWith(`${name}, `) ? value.slice(name.length + 2) : value;
  rows = rows.map((row) => row.map((value, at) => fields[at] === "description" ? rest(value, row[0]) : value));
  const currency = oneCurrency(fields, rows);
  const quiet = [currency && "currency", fields.includes("status") && "docstatus", ...repeats];
  const title = (data.columns && doctype()) || sentence(toolTitle().replace(/^List /, "")) || "List";
  const columns = columnsOf(fields, rows, quiet);
  // Where not all was looked at, or may be seen, that there is nothing is not known.
  const refused = data.not_searched?.flatMap(({ doctypes, more }) => more ? [...doctypes, `${more} more`] : doctypes);
  const unsearched = refused?.length && `not searched: ${refused.join(", ")}`;
  const none = data.columns ? "Nothing fits." : unsearched ? `Nothing was found; ${unsearched}` : data.withheld?.length ? "Withheld." : "There are none.";
  return [
    h("div", { class: "head" }, h("h1", {}, title)),
    rows.length ? table(title, columns, rows) : words(none),
    foot(rows.length ? data : { ...data, shown: "" }, rows.length && unsearched, currency && columns.some(({ field }) => isMoney(field)) && `amounts in ${currency}`),
  ];
}
