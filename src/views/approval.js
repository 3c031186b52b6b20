// A write that waits for somebody to say that it is meant, or what came of one. The token that approves is the preview's own.
const DONE = ["created", "updated", "deleted", "submitted", "cancelled", "renamed", "in_background"];
const TOLD = ["not_done_yet", "done", "total", "dry_run", "confirm_token", "next", "note", "name", "status", "docstatus", "workflow_state", "messages",
  "time_zone", "withheld", "left_out", "to_see_it", "age_s", "modified", "linked_from_more", "doctype", "from"];
/** Tools whose answers are about the document that they name. */
const OF_ONE = /^(create|update|submit|cancel|amend|convert|duplicate)_(\w+_)?document$/;
const TITLES = { would_change: "Would change", would_create: "Would be created", would_delete: "Would be deleted for good", also_changed: "Changed besides by the site",
  stored_differently: "Stored differently than sent", rows: "Documents", linked_from: "Documents that link to it" };

const isFact = (value) => value === null || typeof value !== "object";
/** Without the currency where it stands beside its amounts, the name that the heading has, and a title that says it again. */
const worthSaying = (entries) => entries.filter(([field, value]) => !(field === "currency" && entries.some(([key]) => isMoney(key)))
  && !(field === "name" && value === host.input.name) && !(field === "title" && entries.some(([key, other]) => key !== field && other === value)));
/** How many documents of a DocType link to one, and some of them by name. */
const linking = ({ doctype, count, at_least, documents = [] }) => {
  const named = documents.map((one) => shown(one.name, "name"));
  if (named.length < count) named.push("…");
  return `${doctype} (${at_least ? "at least " : ""}${count})${named.length ? `: ${named.join(", ")}` : ""}`;
};
function section(key, value) {
  const title = h("h2", {}, TITLES[key] ?? label(key));
  if (key === "linked_from" && value.every?.((one) => one?.doctype)) return [title, h("ul", {}, value.map((one) => h("li", {}, linking(one))))];
  if (Array.isArray(value)) return value.length ? listed(key, title, value) : [];
  const entries = worthSaying(entriesOf(value).filter(([field]) => field !== "docstatus" || !("status" in value)));
  if (!entries.length) return [];
  if (entries.every(([, one]) => isChange(one) || isRows(one))) {
    const table = key === "stored_differently" ? changeTable(value, "Sent", "Stored") : changeTable(value);
    return key === "also_changed" ? [h("details", {}, h("summary", {}, `${TITLES[key]} (${entries.length})`), table)] : [title, table];
  }
  return [title, h("dl", {}, entries.map(([field, one]) => h("div", { class: Array.isArray(one) ? "wide" : null }, h("dt", {}, label(field)),
    h("dd", {}, Array.isArray(one) ? h("ul", {}, one.map((row) => h("li", {}, line(row)))) : field === "status" ? pill(one)
      : line(one, field, currencyOf(value, field))))))];
}
/** A list of things alike: what would change in each document, columns, or a line for each. */
function listed(key, title, list) {
  if (!list.every((one) => one && !isFact(one) && !Array.isArray(one))) return [title, h("ul", {}, list.map((one) => h("li", {}, sentence(line(one)))))];
  title.append(` (${list.length})`);
  if (list.every((one) => one.would_change)) {
    return [title, changeGrid(list.flatMap(({ name, row, would_change: changes }) =>
      [h("tr", {}, h("th", { colspan: "3", scope: "rowgroup" }, String(name ?? `row ${row}`))), ...changesIn(changes)]))];
  }
  const things = list.map((one) => one.would_delete ?? one.would_create ?? one);
  const keys = [...new Set(things.flatMap(Object.keys))].filter((field) => field !== "modified");
  const rows = things.map((one) => keys.map((field) => isFact(one[field]) || one[field] === undefined ? one[field]
    : Array.isArray(one[field]) ? `${one[field].length} rows` : line(one[field])));
  return [title, table(label(key), columnsOf(keys, rows), rows)];
}
/** Anything on one line. */
const line = (value, field, currency = "") => value && typeof value === "object" && !Array.isArray(value)
  ? Object.entries(value).filter(([key]) => key !== "name" || Object.keys(value).length < 3).map(([key, one]) => `${label(key)}: ${shown(one, key)}`).join(" · ")
  : shown(value, field, currency);

function draw(data) {
  const done = DONE.find((key) => key in data);
  const tool = toolTitle();
  const name = typeof data[done] === "string" ? data[done] : data.name ?? host.input.name;
  const kind = data.doctype ?? doctype();
  const from = data.from?.name && `from ${data.from.doctype} ${data.from.name}`;
  // One document that is not there yet; of several each has a line.
  const [key, draft] = Object.entries(data).find(([key, value]) => ["draft", "would_create"].includes(key) && value && !isFact(value) && !Array.isArray(value)) ?? [];
  const what = data.not_done_yet ?? (Array.isArray(data[done]) ? `${data.done} of ${data.total} done` : draft ? `make ${[kind, from].filter(Boolean).join(" ")}` : name);
  const verdict = data.not_done_yet ? "Waiting for approval" : data.dry_run ? "Dry run: nothing was sent" : done ? label(done) : data.draft ? "Nothing is stored yet" : "Done";
  const heading = String(what ?? tool);
  const state = h("span", { role: "status" }, pill(verdict));
  const outcome = h("div", { "aria-live": "polite" });
  const rest = Object.entries(data).filter(([field, value]) => !TOLD.includes(field) && field !== key && value !== name
    && !(field === "documents" && value === data.rows?.length));
  // What it comes to by the change, in the sight of all the fields that changed with it.
  const changes = { ...data.changed, ...data.also_changed };
  const sum = SUMS.find((field) => isChange(changes[field]));
  const facts = worthSaying(rest.filter(([field, value]) => isFact(value) && !(field === "currency" && sum)));
  const above = done && from ? `${kind} ${from}` : tool && !data.not_done_yet && tool !== heading ? tool : "";
  return [
    ...draft ? paper(draft, draft.customer ?? draft.supplier ?? draft.party ?? kind ?? tool, [kind ? `New ${kind}` : tool, from].filter(Boolean).join(" "), [state], true, data.not_done_yet && sentence(heading))
      : [above ? h("p", { class: "quiet" }, above) : null, h("div", { class: "head" }, h("h1", {}, sentence(heading)), state, !data.not_done_yet && data.status ? pill(data.status) : null,
        sum ? [h("span", { class: "fill" }), h("dl", { class: "sums" }, h("div", {}, h("dt", {}, label(sum)),
          h("dd", { class: "sum" }, shown(changes[sum].to, sum, currencyOf(data, sum)))))] : null)],
    ...(data.messages ?? []).map((message) => words(String(message))),
    facts.length ? pairs(facts, data) : null,
    ...rest.filter(([, value]) => !isFact(value)).flatMap(([field, value]) => section(field, value)),
    data.linked_from_more ? h("p", { class: "quiet text" }, sentence(String(data.linked_from_more))) : null,
    data.confirm_token ? decide(data, heading, state, outcome, { confirm_token: data.confirm_token }) : data.draft ? decide(data, heading, state, outcome, { save: true }) : null,
    outcome,
    h("div", { class: "foot" }, h("p", { class: "quiet" }, sentence(remarks(anew(data)))),
      OF_ONE.test(host.context.toolInfo?.tool?.name) && !data.deleted && done ? desk(name) : null),
  ];
}

/** The server's note says it in terms of its token. */
const anew = (data) => /^confirm_token /.test(data.note) ? { ...data, note: "What was shown before has changed or expired: this is what it would do now" } : data;

/** The two buttons, of which the first makes the same call with this besides; where the host lets no view call, what to say instead. */
function decide(data, what, state, outcome, besides) {
  const call = caller();
  const word = besides.save ? "Create draft" : "Approve";
  if (!call) return h("p", { class: "quiet ask" }, `Nothing was sent. To ${word.toLowerCase().split(" ")[0]} it, say so in the conversation; to discard it, do nothing.`);
  const end = (verdict, text, failed) => {
    buttons.remove();
    state.replaceChildren(pill(verdict));
    outcome.replaceChildren(words(text, failed));
  };
  const approve = async () => {
    const all = buttons.querySelectorAll("button");
    all.forEach((button) => { button.disabled = true; });
    try {
      const result = await call({ ...host.input, ...besides });
      // What may be asked then is asked of the call that creates.
      if (besides.save) host.input = { ...host.input, ...besides };
      const { text, data: answer, failed } = read(result);
      if (failed) end("Failed", plainly(text), true);
      else show(result);
      // Nothing was done yet: who is asked once more has not approved that.
      if (!failed && (answer?.not_done_yet || answer?.confirm_token)) return;
      // Else the model would not know, and ask again.
      const content = [{ type: "text", text: `The user approved: ${what}. The answer was: ${text}` }];
      await ask("ui/update-model-context", { content }).catch(() => {});
    } catch (error) {
      // A token is good for one write, however often it is sent. A draft is made by every call.
      if (besides.save) return end("Not known", "Whether it was created is not known: look for it before trying again.", true);
      outcome.replaceChildren(words(error.message, true));
      all.forEach((button) => { button.disabled = false; });
    }
  };
  const grave = data.would_delete || /^(delete|cancel)/i.test(what);
  const buttons = h("div", { class: "ask" }, h("button", { class: grave ? "grave" : "first", click: approve }, word),
    h("button", { click: () => end("Discarded", "Nothing was sent.") }, "Discard"), besides.save ? null : h("span", { class: "quiet" }, "Nothing was sent yet."));
  return buttons;
}
