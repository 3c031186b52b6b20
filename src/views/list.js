// Rows under columns: a list, a search, or any list of things alike.
function draw(data) {
  let { columns: fields, rows } = data;
  if (!fields) {
    const things = Object.values(data).find((value) => Array.isArray(value) && value.every((thing) => thing && typeof thing === "object"));
    if (!things) return null;
    fields = [...new Set(things.flatMap(Object.keys))];
    rows = things.map((thing) => fields.map((field) => thing[field]));
    data = { shown: things.length === data.count ? `all ${things.length}` : String(things.length), ...data };
  }
  const currency = oneCurrency(fields, rows);
  const quiet = [currency && "currency", fields.includes("status") && "docstatus"];
  const title = (data.columns && doctype()) || toolTitle() || "List";
  const columns = columnsOf(fields, rows, quiet);
  return [
    h("div", { class: "head" }, h("h1", {}, title)),
    rows.length ? table(title, columns, rows) : words("Nothing fits."),
    foot(data, currency && columns.some(({ field }) => isMoney(field)) && `amounts in ${currency}`),
  ];
}
