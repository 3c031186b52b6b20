// What happened to a document, newest first, by day.
const KINDS = { created: "good", submitted: "good", approval: "good", cancelled: "bad", changed: "info" };

function entry({ at, by, what, to, subject, text, changes, also_changed, rows }) {
  const byTable = {};
  for (const { table, ...row } of rows ?? []) (byTable[table] ??= []).push(row);
  const all = { ...changes, ...also_changed, ...byTable };
  const fields = entriesOf(all).map(([field]) => label(field));
  const told = fields.length ? changeTable(all) : null;
  const time = at?.length > 10 ? date(at, { timeStyle: "short" }) : "";
  return h("li", { class: KINDS[what] ?? null },
    h("p", {}, h("strong", {}, label(what ?? "")), ` by ${by || "unknown"} `, h("time", { datetime: at, class: "quiet" }, time)),
    subject ? h("p", {}, subject) : null, to ? h("p", { class: "quiet" }, `To ${to}`) : null,
    text ? h("p", { class: "text said" }, text) : null, fields.length > 6
      ? h("details", {}, h("summary", {}, `${fields.length} changes: ${fields.slice(0, 4).join(", ")} …`), told) : told);
}

function draw(data) {
  if (!Array.isArray(data.entries)) return null;
  const days = new Map();
  for (const one of data.entries) {
    const day = String(one.at ?? "").slice(0, 10);
    days.set(day, [...(days.get(day) ?? []), one]);
  }
  const many = data.entries.length;
  return [
    h("p", { class: "quiet" }, `History · ${data.doctype}`), h("h1", {}, data.name),
    ...[...days].flatMap(([day, entries]) => [h("h2", {}, shown(day)), h("ol", { class: "days" }, entries.map(entry))]),
    many ? null : words("Nothing is recorded."),
    h("div", { class: "foot" }, h("p", { class: "quiet" }, remarks(data, many === 1 ? "1 entry" : `${many} entries`)), desk(data.name)),
  ];
}
