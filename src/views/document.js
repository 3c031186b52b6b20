// One document.
function draw(data) {
  const doc = data.document;
  if (!doc || typeof doc !== "object") return null;
  const kind = doctype() ?? "Document";
  const name = doc.name ?? host.input.name ?? kind;
  const state = stateOf(doc);
  return [
    ...paper(doc, name, calledOf(doc, name) ? `${kind} · ${name}` : kind, state ? [pill(state)] : []),
    h("div", { class: "foot" }, h("p", { class: "quiet" }, sentence(remarks(data))), desk(name)),
  ];
}
