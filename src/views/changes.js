// Before → after, as writes and the history tell it: a field is {from, to}, a table is a list of rows with what became of each.
const isChange = (value) => !!value && typeof value === "object" && ("to" in value || "stored" in value);
const isRows = (value) => Array.isArray(value) && value.some((row) => row?.changes || row?.added || row?.removed);
const called = ({ idx, ...about }) => [idx && `row ${idx}`, ...Object.values(about).map((value) => shown(value))].filter(Boolean).join(", ");

function changed(field, value) {
  if (isRows(value)) {
    return value.flatMap(({ row, changes, added, removed }) => [
      h("tr", {}, h("th", { colspan: "3", scope: "rowgroup" }, `${label(field)}, ${called(row ?? added ?? removed)}`,
        added ? pill("Added") : removed ? pill("Removed") : null)),
      ...Object.entries(changes ?? {}).flatMap(([column, cell]) => changed(column, cell)),
    ]);
  }
  const before = "sent" in value ? value.sent : value.from;
  return [h("tr", {}, h("th", { scope: "row" }, label(field)),
    h("td", {}, before === undefined ? h("span", { class: "quiet" }, "not shown") : h("del", {}, shown(before, field))),
    h("td", {}, h("ins", {}, shown(value.to ?? value.stored, field))))];
}
const changeTable = (changes, before = "Before", after = "After") => h("div", { class: "scroll" }, h("table", { class: "changes" },
  h("thead", {}, h("tr", {}, ["Field", before, after].map((head) => h("th", { scope: "col" }, head)))),
  h("tbody", {}, Object.entries(changes).flatMap(([field, value]) => changed(field, value)))));
