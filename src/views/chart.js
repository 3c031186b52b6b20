// Figures as bars, or as a line where they are by date; below, the same as a table.
const MOST = 20;
const MEASURE = /^(count|(sum|avg|min|max)\(.+\))$/;
const BY_DATE = /^\d{4}(-\d\d(-\d\d)?|-Q\d|-W\d\d)?$/;

/** Columns and rows, which of the columns are figures, and which say what of. */
function figures(data) {
  if (Array.isArray(data.groups)) {
    const fields = [...new Set(data.groups.flatMap(Object.keys))];
    const rows = data.groups.map((group) => fields.map((field) => group[field]));
    const measures = fields.filter((field) => MEASURE.test(field));
    return { fields, rows, measures, about: fields.filter((field) => !measures.includes(field) && field !== "currency") };
  }
  if (!Array.isArray(data.columns) || !Array.isArray(data.rows)) return null;
  // A label that only spells the name is not told: it is as the desk writes labels.
  const fields = data.columns.map((column) => ({ ...column, label: column.label ?? label(String(column.field)).replace(/ [a-z]/g, (first) => first.toUpperCase()) }));
  const of = (types) => data.columns.filter(({ type }) => types.includes(type)).map(({ field }) => field);
  const at = (field) => data.columns.findIndex((column) => column.field === field);
  const once = (field) => {
    const values = data.rows.map((row) => row[at(field)]);
    return new Set(values).size === values.length && !values.includes(null) && !values.includes("");
  };
  const about = [...of(["Date"]), ...of(["Link", "Dynamic Link", "Data"])].filter(once).slice(0, 1);
  return { fields, rows: data.rows, measures: of(["Currency", "Float", "Int", "Percent"]), about };
}

/** Round numbers from the least to the greatest. */
function ticks(least, greatest, most = 4) {
  const raw = (greatest - least || 1) / most;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((by) => by * power).find((by) => by >= raw);
  const found = [];
  for (let at = Math.floor(least / step) * step; at < greatest + step; at += step) found.push(Number(at.toPrecision(12)));
  return found;
}
const svg = (tag, given, ...children) => h(tag, { svg: true, ...given }, ...children);
const brief = (value) => new Intl.NumberFormat(host.context.locale, { notation: "compact", maximumFractionDigits: 1 }).format(value);

function bars(points, width, said) {
  const scale = ticks(Math.min(0, ...points.map(({ value }) => value)), Math.max(0, ...points.map(({ value }) => value)));
  const [low, high] = [scale[0], scale[scale.length - 1]];
  const x = (value) => 1 + (value - low) / (high - low) * (width - 2);
  const [row, bottom] = [40, points.length * 40 + 4];
  return [bottom + 22, scale.map((at) => [
    // The bars themselves show where they begin.
    at === low ? null : svg("line", { class: at ? "grid" : "axis", x1: x(at), x2: x(at), y1: 0, y2: bottom }),
    svg("text", { class: "tick", x: x(at), y: bottom + 16, "text-anchor": at === low ? "start" : at === high ? "end" : "middle" }, brief(at)),
  ]), points.map(({ name, value }, i) => {
    const text = said(value);
    const room = Math.floor((width - text.length * 7.5) / 7.2);
    return [
      svg("text", { class: "name", x: 1, y: i * row + 15 }, name.length > room ? `${name.slice(0, room - 1)}…` : name),
      svg("text", { class: "name", x: width - 2, y: i * row + 15, "text-anchor": "end" }, text),
      svg("rect", { class: "bar", x: Math.min(x(0), x(value)), y: i * row + 21, width: Math.max(1, Math.abs(x(value) - x(0))), height: 11, rx: 2 },
        svg("title", {}, `${name}: ${text}`)),
    ];
  })];
}

/** A month as people say it; any other span as it is. */
const month = (text) => /^\d{4}-\d\d$/.test(text) ? date(`${text}-01`, { month: "short", year: "numeric" }) : text;
/** The time of a day, week, month, quarter or year. */
function time(text) {
  const [, year, quarter, week] = /^(\d{4})-(?:Q(\d)|W(\d\d))$/.exec(text) ?? [];
  return quarter ? Date.UTC(year, quarter * 3 - 3) : week ? Date.UTC(year, 0, 4 + week * 7 - 7) : Date.parse(`${text}Z`);
}
/** The number of a span of time, about one more for each that follows; none for days, which leave out the ones without business. */
function span(text) {
  const [, year, part, many] = /^(\d{4})(?:-(?:Q|W)?(\d+))?(-\d\d)?$/.exec(text) ?? [];
  if (many) return null;
  return text.includes("W") ? time(text) / 6048e5 : text.includes("Q") ? year * 4 + +part : part ? year * 12 + +part : +year;
}
/** The points that follow one another without a gap. */
function runs(points) {
  const found = [];
  for (const point of points) {
    const before = found.at(-1)?.at(-1);
    if (before && (span(point.name) === null || span(point.name) - span(before.name) < 1.9)) found.at(-1).push(point);
    else found.push([point]);
  }
  return found;
}
function lines(points, width, said) {
  const dated = points.map((point) => ({ ...point, at: time(point.name) })).sort((a, b) => a.at - b.at);
  const scale = ticks(Math.min(0, ...dated.map(({ value }) => value)), Math.max(0, ...dated.map(({ value }) => value)));
  const [low, high] = [scale[0], scale[scale.length - 1]];
  const [left, right, top, bottom] = [46, 14, 22, 200];
  const [first, last] = [dated[0].at, dated[dated.length - 1].at];
  const x = ({ at }) => left + (at - first) / (last - first || 1) * (width - left - right);
  const y = (value) => bottom - (value - low) / (high - low) * (bottom - top);
  const path = (run) => run.map((point, i) => `${i ? "L" : "M"}${x(point).toFixed(1)} ${y(point.value).toFixed(1)}`).join("");
  const greatest = dated.reduce((a, b) => b.value > a.value ? b : a);
  // The last one is always told: the others leave it its place.
  let free = -Infinity;
  const end = width - right - 60;
  const anchor = (point) => x(point) > width - 60 ? "end" : x(point) < left + 40 ? "start" : "middle";
  return [bottom + 24, scale.map((at) => [
    svg("line", { class: at ? "grid" : "axis", x1: left, x2: width - right, y1: y(at), y2: y(at) }),
    svg("text", { class: "tick", x: left - 8, y: y(at) + 4, "text-anchor": "end" }, brief(at)),
  ]), runs(dated).map((run) => [
    svg("path", { class: "area", d: `${path(run)}L${x(run.at(-1)).toFixed(1)} ${y(0)}L${x(run[0]).toFixed(1)} ${y(0)}Z` }),
    svg("path", { class: "line", d: path(run) }),
  ]), dated.map((point, i) => {
    const starts = x(point) - { start: 0, middle: 24, end: 48 }[anchor(point)];
    const fits = i === dated.length - 1 || starts > free + 12 && starts + 48 < end;
    if (fits) free = starts + 48;
    return [svg("circle", { class: "dot", cx: x(point), cy: y(point.value), r: 4 }, svg("title", {}, `${point.name}: ${said(point.value)}`)),
      fits ? svg("text", { class: "tick", x: x(point), y: bottom + 18, "text-anchor": anchor(point) }, month(point.name)) : null];
  }), svg("text", { class: "name", x: x(greatest), y: y(greatest.value) - 10, "text-anchor": anchor(greatest) }, said(greatest.value))];
}

/** The measure that the groups are sorted by, if it is one. */
const sortedBy = (measures) => measures.find((field) => field === String(host.input.order_by ?? "").trim().replace(/\s+(asc|desc)$/i, ""));
/** "20 of 57": how many are drawn of how many there are, where that is not all. */
function part(drawn, shownOf, points) {
  const all = /\b(?:of|all) ([\d,]+)$/.exec(shownOf ?? "")?.[1] ?? String(points);
  if (/more follow/.test(shownOf ?? "")) return `the first ${drawn}`;
  return drawn < Number(all.replace(/,/g, "")) ? `${drawn} of ${all}` : "";
}

const chosen = {};
function draw(data) {
  const found = figures(data);
  if (!found) return null;
  const { fields, rows, measures, about } = found;
  const name = (field) => field.field ?? field;
  const at = (field) => fields.findIndex((one) => name(one) === field);
  const title = data.report ?? doctype() ?? "Figures";
  const currencies = [...new Set(at("currency") < 0 ? [] : rows.map((row) => row[at("currency")]).filter(Boolean))];
  const figure = measures.includes(chosen.figure) ? chosen.figure : sortedBy(measures) ?? measures.find((field) => rows.some((row) => row[at(field)])) ?? measures[0];
  const currency = currencies.includes(chosen.currency) ? chosen.currency : currencies[0];
  const column = fields[at(figure)];
  const money = figure && (column.type ? column.type === "Currency" : isMoney(figure));
  const said = (value) => `${number(value, money ? "amount" : column.type === "Percent" || isPercent(figure) ? "percent" : "", "")}${money && currency ? ` ${currency}` : ""}`;
  const points = !figure || !about.length ? [] : rows.filter((row) => typeof row[at(figure)] === "number" && (currencies.length < 2 || row[at("currency")] === currency))
    .map((row) => ({ name: about.map((field) => shown(bare(fields[at(field)], row[at(field)]), field)).join(" · "), key: String(row[at(about[0])]), value: row[at(figure)] }));
  const dated = about.length === 1 && points.length > 1 && points.every(({ key }) => BY_DATE.test(key));
  const drawn = dated ? points.map((point) => ({ ...point, name: point.key })) : points.slice(0, MOST);
  const of = (field) => fields[at(field)].label ?? label(field);
  const choice = (key, options, now, text) => options.length < 2 ? null : h("select", { "aria-label": text, change: ({ target }) => {
    chosen[key] = target.value;
    fill(draw(data));
  } }, options.map((option) => h("option", { value: option, selected: option === now ? "" : null }, key === "figure" ? of(option) : option)));
  const by = about.map((field) => of(field)).join(", ");
  const canvas = drawn.length ? svg("svg", { role: "img", "aria-label": `${of(figure)} by ${by}: ${drawn.length} figures, also in the table below` }) : null;
  if (canvas) {
    let before = 0;
    const fit = () => {
      const width = Math.round(canvas.getBoundingClientRect().width);
      if (!width || width === before) return;
      before = width;
      const [height, ...parts] = (dated ? lines : bars)(drawn, width, said);
      canvas.setAttribute("viewBox", `0 0 ${width} ${height}`);
      canvas.style.height = `${height}px`;
      canvas.replaceChildren(...parts.flat(Infinity).filter(Boolean));
    };
    queueMicrotask(fit);
    new ResizeObserver(() => requestAnimationFrame(fit)).observe(canvas);
  }
  const cards = !about.length && rows.length === 1 && measures.length ? measures.map((field) => [of(field), rows[0][at(field)], field]) : Object.entries(data.summary ?? {});
  const alone = cards.length && !about.length && rows.length === 1;
  const columns = columnsOf(fields, rows, currencies.length === 1 ? ["currency"] : []);
  if (dated) columns.filter(({ field }) => field === about[0]).forEach((column) => { column.text = month; });
  // In a wide report, what is the same in every row is told once.
  const same = columns.length < 9 || rows.length < 3 ? [] : columns.filter((column) => !column.numeric && rows.every((row) => row[column.at] === rows[0][column.at]));
  const told = Object.entries(data.same_in_every_row ?? {}).map(([field, value]) => `${label(field).replace(/ [a-z]/g, (first) => first.toUpperCase())} ${shown(value, field)}`);
  const every = [...told, ...same.map((column) => `${column.label || label(column.field)} ${shown(rows[0][column.at], column.field)}`)].join(", ");
  return [
    h("div", { class: "head" }, h("h1", {}, title), h("span", { class: "fill" }),
      canvas ? choice("figure", measures, figure, "Figure") : null, canvas ? choice("currency", currencies, currency, "Currency") : null),
    canvas ? h("p", { class: "quiet" }, [`${of(figure)}${money && currency ? ` in ${currency}` : ""} by ${by}`,
      part(drawn.length, currencies.length < 2 && rows.length === points.length ? data.shown : "", points.length)].filter(Boolean).join(" · ")) : null,
    cards.length ? h("dl", { class: "cards" }, cards.map(([text, value, field]) => h("div", {}, h("dt", {}, text), h("dd", {}, shown(value, field ?? "amount", currency ?? ""))))) : null,
    canvas,
    rows.length && !alone ? h("div", { class: "below" }, table(title, columns.filter((column) => !same.includes(column)), rows, data.total)) : null,
    rows.length ? null : words("No rows."),
    foot(alone ? { ...data, shown: "" } : data, every && `every row: ${every}`, data.as_of && `as of ${shown(data.as_of)}`),
  ];
}
