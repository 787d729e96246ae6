// The page: asks, shows each sentence with its citations, and opens the article at the quote.
// Text from articles and models only ever becomes text nodes; the server's policy (Trusted Types) refuses anything else.
// All offsets from the server count Unicode code points; JavaScript counts UTF-16, so `at` translates.

const $ = (id) => document.getElementById(id);
const STORE = "conversation";
const KEY = "api-key";
const NO_BREAK = "\u00a0";
const NARROW = matchMedia("(max-width: 60rem)");

let answers = load();
let running = null;
let opened = null;

// ---- small tools

function make(tag, properties = {}, ...children) {
  const { className, ...attributes } = properties;
  const element = document.createElement(tag);
  if (className) element.className = className;
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

// The UTF-16 index of the code point number `count`.
function at(text, count) {
  let index = 0;
  for (let seen = 0; seen < count && index < text.length; seen += 1) index += text.codePointAt(index) > 0xffff ? 2 : 1;
  return index;
}

const slice = (text, start, end) => text.slice(at(text, start), end === undefined ? undefined : at(text, end));
const place = (record) => [record.title, ...record.section].filter(Boolean).join(" › ") || record.source;
const plural = (count, one, many) => `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
const say = (text) => { $("spoken").textContent = text; };

function load() {
  try { return JSON.parse(sessionStorage.getItem(STORE)) ?? []; } catch { return []; }
}

function keep() {
  for (let from = 0; from <= answers.length; from += 1) {
    try { return sessionStorage.setItem(STORE, JSON.stringify(answers.slice(from))); } catch { /* full: leave out the oldest */ }
  }
}

async function call(path, options = {}) {
  const headers = { ...options.headers };
  const key = sessionStorage.getItem(KEY);
  if (key) headers.Authorization = `Bearer ${key}`;
  const response = await fetch(path, { ...options, headers });
  if (response.ok) return response;
  if (response.status === 401) askForKey();
  const body = await response.json().catch(() => null);
  throw new Error(body?.error?.message ?? `the server answered ${response.status}`);
}

function askForKey() {
  $("key-form").hidden = false;
  $("key").focus();
}

// ---- asking

async function* events(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    rest += value;
    const blocks = rest.split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      const lines = block.split("\n");
      const kind = lines.find((line) => line.startsWith("event: "))?.slice(7);
      const data = lines.find((line) => line.startsWith("data: "))?.slice(6);
      if (kind && data) yield { kind, data: JSON.parse(data) };
    }
  }
}

async function ask(question) {
  const turn = pendingTurn(question);
  $("welcome").hidden = true;
  $("turns").append(turn.element);
  turn.element.scrollIntoView({ block: "start" });
  say("Searching the articles.");
  running = new AbortController();
  busy(true);
  try {
    turn.finish(await answerTo(question, turn, running.signal));
  } catch (error) {
    turn.fail(error.name === "AbortError" ? "Stopped." : `No answer: ${error.message}`, question);
  } finally {
    running = null;
    busy(false);
  }
}

async function answerTo(question, turn, signal) {
  const history = answers.slice(-10).map((a) => ({ question: a.standalone_question || a.question, answer: a.answer }));
  const body = JSON.stringify({ question, history, stream: true });
  const response = await call("v1/answers", { method: "POST", headers: { "Content-Type": "application/json" }, body, signal });
  let answer = null;
  for await (const { kind, data } of events(response)) {
    if (kind === "retrieval") turn.found(data.passages);
    else if (kind === "text") turn.add(data.text);
    else if (kind === "discard") turn.discard();
    else if (kind === "answer") answer = data;
    else if (kind === "error") throw new Error(data.error.message);
  }
  if (!answer) throw new Error("the connection ended too early");
  answers.push(answer);
  keep();
  return answer;
}

function busy(is) {
  $("send").hidden = is;
  $("stop").hidden = !is;
  $("fresh").hidden = is || !answers.length;
}

function pendingTurn(question) {
  const badge = make("span", { className: "badge working" }, "Searching…");
  const text = make("p", { className: "answer typing" });
  const element = make("article", { className: "turn", "aria-busy": "true" }, make("h2", {}, question), make("div", { className: "verdict" }, badge), text);
  const replace = (other) => { element.replaceWith(other); other.scrollIntoView({ block: "start" }); };
  return {
    element,
    found: (passages) => { badge.textContent = `Reading ${plural(passages.length, "passage", "passages")}…`; },
    add: (piece) => { text.append(piece); },
    discard: () => { text.replaceChildren(); },
    finish: (answer) => { replace(turnOf(answer)); say(summary(answer)); },
    fail: (message) => { replace(failedTurn(question, message)); say(message); },
  };
}

function failedTurn(question, message) {
  const again = make("button", { type: "button", className: "quiet" }, "Try again");
  const turn = make("article", { className: "turn" }, make("h2", {}, question), make("p", { className: "warning" }, message), make("div", { className: "actions" }, again));
  again.addEventListener("click", () => { turn.remove(); ask(question); });
  return turn;
}

// ---- an answer

const VERDICT = { answered: "Answered", conflicting: "The sources disagree", abstained: "Not answered by the articles" };

const unproved = (answer) => answer.claims.length > 0 && answer.claims.every((claim) => claim.support === "unsupported");
const verdictOf = (answer) => (unproved(answer) ? "Nothing proved" : VERDICT[answer.status] ?? answer.status);

function summary(answer) {
  const unsupported = answer.claims.filter((claim) => claim.support === "unsupported").length;
  const parts = [verdictOf(answer), `confidence ${percent(answer)}`, plural(answer.citations.length, "citation", "citations")];
  if (unsupported) parts.push(`${plural(unsupported, "sentence", "sentences")} not supported`);
  return `${parts.join(", ")}. ${answer.answer.replace(/\s*\[\d+\]/g, "")}`;
}

const percent = (answer) => `${Math.round(answer.confidence * 100)} %`;

function turnOf(answer) {
  const turn = make("article", { className: "turn" }, make("h2", {}, answer.question));
  if (answer.standalone_question && answer.standalone_question !== answer.question) {
    turn.append(make("p", { className: "read-as" }, `Read as: ${answer.standalone_question}`));
  }
  turn.append(verdict(answer));
  for (const notice of answer.notices ?? []) turn.append(make("p", { className: "warning" }, notice));
  for (const marker of answer.unresolved_markers) turn.append(make("p", { className: "warning" }, `The model cited ${marker}, which names no passage it was shown.`));
  turn.append(answerText(answer), ...answer.conflicts.map((conflict) => conflictOf(conflict, answer)));
  if (answer.citations.length) turn.append(proofs("Proved by", answer.citations.map((citation) => [citation.number, citation, citation.quote]), answer));
  else if (answer.passages.length) turn.append(proofs("Nearest passages", answer.passages.slice(0, 3).map((passage) => ["", passage, passage.text]), answer, "nearest"));
  turn.append(actions(answer));
  return turn;
}

const sureness = (answer) => (answer.status === "abstained" ? `${percent(answer)} sure: too little to answer` : `${percent(answer)} confident`);

function verdict(answer) {
  const level = make("span");
  level.style.width = `${Math.round(answer.confidence * 100)}%`;
  const bar = make("span", { className: answer.confidence < 0.5 ? "bar low" : "bar", "aria-hidden": "true" }, level);
  const confidence = make("span", { className: "confidence", title: "Probability that this answer is right" }, bar, sureness(answer));
  return make("div", { className: "verdict" }, make("span", { className: `badge ${unproved(answer) ? "abstained" : answer.status}` }, verdictOf(answer)), confidence);
}

function answerText(answer) {
  const box = make("p", { className: "answer" });
  let done = 0;
  for (const claim of answer.claims) {
    box.append(withoutMarkers(slice(answer.answer, done, claim.start)), claimOf(claim, answer));
    done = claim.end;
  }
  box.append(withoutMarkers(slice(answer.answer, done)));
  return box;
}

const withoutMarkers = (text) => text.replace(/\s*\[\d+\]/g, "");

function claimOf(claim, answer) {
  const span = make("span", { className: `claim ${claim.support}` }, claim.text);
  const cites = claim.citations.map((number) => citeButton(number, answer, span)).filter(Boolean);
  const whole = make("span", {}, span, ...cites.flatMap((button) => [NO_BREAK, button]));
  if (claim.support === "unsupported") whole.append(make("span", { className: "flag" }, "not supported"));
  return whole;
}

function citeButton(number, answer, span = null) {
  const citation = answer.citations.find((one) => one.number === number);
  if (!citation) return null;
  const button = make("button", { type: "button", className: "cite", "aria-pressed": "false", title: `${place(citation)}: “${citation.quote}”` }, make("span", { className: "unseen" }, "Citation "), String(number));
  button.addEventListener("click", () => show(citation, answer, button));
  for (const [on, lit] of [["mouseenter", true], ["focus", true], ["mouseleave", false], ["blur", false]]) {
    button.addEventListener(on, () => span?.classList.toggle("lit", lit));
  }
  return remember(button, citation);
}

function conflictOf(conflict, answer) {
  const values = conflict.values.map((value) => make("li", {}, value.value, NO_BREAK, ...value.citations.map((number) => citeButton(number, answer))));
  return make("section", { className: "conflict" }, make("h3", {}, `The sources differ on: ${conflict.about}`), make("ul", { className: "values" }, ...values));
}

function proofs(title, rows, answer, kind = "") {
  const items = rows.map(([number, record, text]) => {
    const button = make("button", { type: "button", className: "proof", "aria-pressed": "false" },
      make("span", { className: "number" }, String(number)),
      make("span", { className: "quote" }, text),
      make("span", { className: "where" }, place(record)),
      make("span", { className: "file" }, `${record.source}:${record.line}`));
    button.addEventListener("click", () => show(record, answer, button));
    return make("li", {}, remember(button, record));
  });
  return make("section", { className: `proofs ${kind}` }, make("h3", {}, title), make("ol", {}, ...items));
}

function actions(answer) {
  const copy = make("button", { type: "button", className: "quiet" }, "Copy with citations");
  copy.addEventListener("click", async () => {
    await copyText(asText(answer));
    copy.textContent = "Copied";
    say("Copied.");
    setTimeout(() => { copy.textContent = "Copy with citations"; }, 1600);
  });
  const save = make("button", { type: "button", className: "quiet", title: "For qa verify" }, "Save as JSON");
  save.addEventListener("click", () => download(new Blob([JSON.stringify(answer, null, 2)], { type: "application/json" }), "answer.json"));
  const total = answer.timings_ms?.total;
  const made = [answer.model, total ? `${Math.max(1, Math.round(total)).toLocaleString("en")} ms` : ""].filter(Boolean).join(" · ");
  return make("div", { className: "actions" }, copy, save, make("span", { className: "made" }, made));
}

function asText(answer) {
  const lines = [answer.question, "", answer.answer];
  for (const notice of answer.notices ?? []) lines.push("", `Note: ${notice}`);
  for (const claim of answer.claims) if (claim.support === "unsupported") lines.push("", `Not supported by the sources: ${claim.text}`);
  if (answer.citations.length) lines.push("");
  for (const c of answer.citations) lines.push(`[${c.number}] “${c.quote}” (${place(c)}; ${c.source}:${c.line})`);
  return `${lines.join("\n")}\n`;
}

async function copyText(text) {
  if (navigator.clipboard && isSecureContext) return navigator.clipboard.writeText(text);
  const box = make("textarea", { className: "unseen" });
  box.value = text;
  document.body.append(box);
  box.select();
  document.execCommand("copy");
  return box.remove();
}

function download(blob, name) {
  const url = URL.createObjectURL(blob);
  make("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

// ---- the article beside the answer

const buttons = [];

function remember(button, record) {
  buttons.push({ button, address: addressOf(record) });
  return button;
}

const addressOf = (record) => `#${new URLSearchParams({ source: record.source_id, start: record.start, end: record.end })}`;

function show(record, answer, from) {
  opened = { answer, from, returnTo: from };
  const address = addressOf(record);
  if (location.hash === address) return route();
  history.pushState({ pane: true }, "", address);
  return route();
}

async function route() {
  const address = location.hash;
  const wanted = new URLSearchParams(address.slice(1));
  if (!wanted.has("source")) return hidePane();
  const [id, start, end] = ["source", "start", "end"].map((name) => wanted.get(name));
  const range = start !== null && end !== null && Number(end) > 0 ? `?start=${Number(start)}&end=${Number(end)}` : "";
  showPane();
  try {
    const response = await call(`v1/sources/${encodeURIComponent(id)}${range}`);
    const source = await response.json();
    const moved = source.changed ? await whereNow() : null;
    if (location.hash === address) fill(moved?.text ?? source, moved?.note);
  } catch (error) {
    const moved = await whereNow();
    if (location.hash !== address) return;
    if (moved) return fill(moved.text, moved.note);
    title(error.message, "");
    $("paper").replaceChildren();
  }
}

// Where the quote of the opened citation stands now, for a file that was renamed, edited or taken away; null where it is not found.
async function whereNow() {
  const cited = citedNow();
  if (!cited?.quote) return null;
  try {
    const saved = { ...opened.answer, citations: [cited] };
    const options = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(saved) };
    const [found] = (await (await call("v1/verify", options)).json()).citations;
    if (found.result !== "same" && found.result !== "moved") return null;
    const place = `${encodeURIComponent(found.found_id ?? cited.source_id)}?start=${found.start}&end=${found.end}`;
    const text = await (await call(`v1/sources/${place}`)).json();
    const note = found.found_in
      ? `The cited file ${cited.source} is no longer as it was; the quote now stands in ${found.found_in}, line ${found.line}.`
      : `This file has changed since it was indexed; the quote stands in line ${found.line}.`;
    return { text, note };
  } catch {
    return null;
  }
}

function showPane() {
  $("source").hidden = false;
  $("frame").classList.add("open");
  fence();
  for (const { button, address } of buttons) button.setAttribute("aria-pressed", String(address === location.hash));
  stepper();
}

function hidePane() {
  if ($("source").hidden) return;
  $("source").hidden = true;
  $("frame").classList.remove("open");
  fence();
  for (const { button } of buttons) button.setAttribute("aria-pressed", "false");
  const back = opened?.returnTo;
  opened = null;
  (back?.isConnected ? back : $("question")).focus();
}

// On a narrow screen the article covers the page: what lies under it must not be reached by keyboard.
function fence() {
  $("talk").inert = NARROW.matches && !$("source").hidden;
}

function title(name, file) {
  $("source-title").textContent = name;
  $("source-place").replaceChildren(make("span", { className: "file" }, file));
}

function fill(source, note) {
  const mark = source.highlight;
  const cited = citedNow();
  title(source.title || source.source, mark ? `${source.source}:${mark.line}` : source.source);
  if (cited?.section?.length) $("source-place").prepend(make("span", { className: "section" }, cited.section.join(" › ")));
  $("source-warning").hidden = !source.changed && !note;
  $("source-warning").textContent = note ?? "This file has changed since it was indexed; the highlighted place may not be the quoted one.";
  $("original").onclick = () => openOriginal(source);
  const paper = $("paper");
  if (mark && mark.end > mark.start) {
    const quote = make("mark", {}, slice(source.text, mark.start, mark.end));
    paper.replaceChildren(slice(source.text, 0, mark.start), quote, slice(source.text, mark.end));
    quote.scrollIntoView({ block: "center" });
  } else {
    paper.replaceChildren(source.text);
    paper.scrollTop = 0;
  }
  $("source-title").focus({ preventScroll: true });
  say(mark ? `${source.title || source.source}, line ${mark.line}: ${paper.querySelector("mark")?.textContent ?? ""}` : source.title);
}

const recordsOf = (answer) => (answer?.citations.length ? answer.citations : answer?.passages.slice(0, 3)) ?? [];
const citedNow = () => recordsOf(opened?.answer).find((record) => addressOf(record) === location.hash);

function stepper() {
  const records = recordsOf(opened?.answer);
  const here = records.findIndex((record) => addressOf(record) === location.hash);
  $("step").textContent = here >= 0 ? `${here + 1} of ${records.length}` : "";
  for (const [id, step] of [["previous", -1], ["next", 1]]) {
    const target = here >= 0 ? records[here + step] : undefined;
    $(id).hidden = here < 0;
    $(id).disabled = !target;
    $(id).onclick = target ? () => { history.replaceState({ pane: true }, "", addressOf(target)); route(); } : null;
  }
}

async function openOriginal(source) {
  const path = source.raw_url.slice(1);
  if (!sessionStorage.getItem(KEY)) return window.open(path, "_blank", "noopener");
  return download(await (await call(path)).blob(), source.source.split("/").pop());
}

function closePane() {
  if (history.state?.pane) return history.back();
  history.replaceState(null, "", location.pathname);
  return hidePane();
}

// ---- the start

async function shelf() {
  try {
    const { total, sources } = await (await call("v1/sources?limit=12")).json();
    $("count").textContent = total > sources.length ? `${plural(total, "article", "articles")}, among them` : plural(total, "article", "articles");
    $("shelf").replaceChildren(...sources.map((source) => {
      const button = make("button", { type: "button" }, source.title ? make("div", {}, source.title) : null, make("div", { className: "file" }, source.source));
      button.addEventListener("click", () => { opened = { answer: null, returnTo: button }; history.pushState({ pane: true }, "", source.url.slice(1)); route(); });
      return make("li", {}, button);
    }));
  } catch (error) {
    $("count").textContent = `The articles cannot be listed: ${error.message}`;
  }
}

function grow() {
  $("question").style.height = "auto";
  $("question").style.height = `${$("question").scrollHeight}px`;
}

function submit() {
  const question = $("question").value.trim();
  if (!question || running) return;
  $("question").value = "";
  grow();
  ask(question);
}

function startAgain() {
  answers = [];
  keep();
  buttons.length = 0;
  $("turns").replaceChildren();
  $("welcome").hidden = false;
  busy(false);
  shelf();
  if (location.hash) history.replaceState(null, "", location.pathname);
  hidePane();
  $("question").focus();
}

function restore() {
  $("welcome").hidden = answers.length > 0;
  $("turns").append(...answers.map(turnOf));
  $("turns").lastElementChild?.scrollIntoView({ block: "start" });
  busy(false);
  if (!answers.length) shelf();
  opened = { answer: answers.findLast((answer) => recordsOf(answer).some((record) => addressOf(record) === location.hash)) ?? null };
  route();
}

$("form").addEventListener("submit", (event) => { event.preventDefault(); submit(); });
$("question").addEventListener("input", grow);
$("question").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); submit(); }
});
$("stop").addEventListener("click", () => running?.abort());
$("fresh").addEventListener("click", startAgain);
$("close").addEventListener("click", closePane);
$("key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem(KEY, $("key").value.trim());
  $("key").value = "";
  $("key-form").hidden = true;
  if (!answers.length) shelf();
  $("question").focus();
});
document.addEventListener("keydown", (event) => { if (event.key === "Escape" && !$("source").hidden) closePane(); });
addEventListener("popstate", route);
addEventListener("hashchange", route);
NARROW.addEventListener("change", fence);

restore();
if (!NARROW.matches && !location.hash) $("question").focus();
