// Before → after, as writes and the history tell it: a field is {from, to}, a table is a list of rows with what became of each.
const isChange = (value) => !!value && typeof value === "object" && ("to" in value || "stored" in value);
const isRows = (value) => Array.isArray(value) && value.some((row) => row?.changes || row?.added || row?.removed);
const called = ({ idx, ...cells }, table) => [idx && `row ${idx}`, ...Object.entries(cells).map(([key, value]) =>
  typeof value === "number" ? `${label(key, table)} ${shown(value, key, "", table)}` : shown(value, key, "", table))].filter(Boolean).join(" · ");
/** Amounts in the company's currency repeat those of the document where the two are one. */
const repeats = (changes, field) => field.startsWith("base_") && JSON.stringify(changes[field]) === JSON.stringify(changes[field.slice(5)]);
const entriesOf = (changes) => Object.entries(changes ?? {}).filter(([field]) => !repeats(changes, field));

function changed(field, value, table) {
  if (isRows(value)) {
    return value.flatMap(({ row, changes, added, removed }) => [
      h("tr", {}, h("th", { colspan: "3", scope: "rowgroup" }, `${label(field)}: ${called(row ?? added ?? removed, field)} `,
        added ? pill("Added") : removed ? pill("Removed") : null)),
      ...entriesOf(changes).flatMap(([column, cell]) => changed(column, cell, field)),
    ]);
  }
  const before = "sent" in value ? value.sent : value.from;
  const was = shown(before, field, "", table);
  return [h("tr", {}, h("th", { scope: "row" }, label(field, table)),
    h("td", {}, before === undefined || was === "–" ? h("span", { class: "quiet" }, before === undefined ? "not shown" : was) : h("del", {}, was)),
    h("td", {}, h("ins", {}, shown(value.to ?? value.stored, field, "", table))))];
}
const changeGrid = (rows, before = "Before", after = "After") => h("div", { class: "scroll" }, h("table", { class: "changes" },
  h("thead", {}, h("tr", {}, ["Field", before, after].map((head) => h("th", { scope: "col" }, head)))), h("tbody", {}, rows)));
const changesIn = (changes) => entriesOf(changes).flatMap(([field, value]) => changed(field, value));
const changeTable = (changes, before, after) => changeGrid(changesIn(changes), before, after);
