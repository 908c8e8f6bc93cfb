// SPDX-License-Identifier: MIT
// Filters while one types. Without this file the form asks the server, which filters by the same rules
// (lua/directory/filter.lua: change both).
"use strict";

const form = document.getElementById("filter");
const count = document.getElementById("count");
const none = document.getElementById("none");

// ------------------------------------------------------------------------------------------------- the rows

const TAG = ".tag";
let rows = null;   // made when first needed: {element, details, org, head, tags, panels: [{element, text}], hidden, hit}
let whole = !document.body.hasAttribute("data-filtered");   // a filtered page has only what matched

const text = (element) => element ? element.textContent.toLowerCase() : "";

function describe(element, folder, org) {
  const tags = Array.from(element.querySelectorAll(TAG), (tag) => tag.textContent);
  const head = [text(element.querySelector(".title")), folder, ...tags.map((tag) => tag.toLowerCase())].join("\n");
  return { element, details: element.querySelector("details"), org, head, tags, panels: null, hidden: false, hit: false };
}

function describeAll() {
  const found = [];
  for (const section of document.querySelectorAll(".folder")) {
    const folder = text(section.querySelector("h3")), org = section.closest(".org").dataset.org;
    for (const element of section.querySelectorAll(".row")) found.push(describe(element, folder, org));
  }
  return found;
}

function panelsOf(row) {
  row.panels ??= Array.from(row.element.querySelectorAll("ol > li"), (element) => ({ element, text: text(element) }));
  return row.panels;
}

// ---------------------------------------------------------------------------------------------- the matching

function wanted() {
  const value = (name) => form.elements[name]?.value ?? "";
  return { q: value("q"), tag: value("tag"), org: value("org"), words: value("q").toLowerCase().match(/\S+/g) ?? [] };
}

// Null, or the panels without which the row would not match.
function match(row, filter) {
  if (filter.org && row.org !== filter.org || filter.tag && !row.tags.includes(filter.tag)) return null;
  const hits = new Set();
  for (const word of filter.words) {
    if (row.head.includes(word)) continue;
    const having = panelsOf(row).filter((panel) => panel.text.includes(word));
    if (having.length === 0) return null;
    for (const panel of having) hits.add(panel);
  }
  return hits;
}

const grouped = (number) => number.toLocaleString("en");
const counted = (number, noun) => `${grouped(number)} ${noun}${number === 1 ? "" : "s"}`;

function tellHits(details, hits, panels) {
  const all = counted(panels, "panel");
  details.querySelector("summary").textContent = hits < panels ? `${grouped(hits)} of ${all}` : all;
}

// What is folded is unfolded to show why a row matches, and folded again when that is over. `data-opened`: it shows the
// hits only.
function unfold(row, hits) {
  const { details, panels } = row;
  for (const panel of panels) panel.element.classList.toggle("hit", hits.has(panel));
  if (!details.open) details.setAttribute("data-opened", "");
  details.open = true;
  if (details.hasAttribute("data-opened")) tellHits(details, hits.size, panels.length);
}

function showAll(details) {
  details.removeAttribute("data-opened");
  const { length } = details.querySelectorAll("ol > li");
  tellHits(details, length, length);
}

function fold({ details, panels }) {
  for (const panel of panels) panel.element.classList.remove("hit");
  if (!details.hasAttribute("data-opened")) return;
  showAll(details);
  details.open = false;
}

function show(row, hits) {
  const hidden = hits === null, hit = hits !== null && hits.size > 0;
  if (row.hidden !== hidden) row.element.hidden = row.hidden = hidden;
  if (hit) unfold(row, hits);
  else if (row.hit) fold(row);
  row.hit = hit;
}

// Headings go with the last row below them; an organisation with a problem stays, unless another is asked for.
function showHeadings(filter) {
  for (const folder of document.querySelectorAll(".folder")) folder.hidden = !folder.querySelector(".row:not([hidden])");
  const asks = filter.words.length > 0 || filter.tag !== "";
  for (const org of document.querySelectorAll(".org")) {
    const empty = !org.querySelector(".folder:not([hidden])") && !org.querySelector(":scope > .problem");
    org.hidden = asks && empty || filter.org !== "" && org.dataset.org !== filter.org;
  }
}

let summary = null;   // what the page says when nothing is asked for

function apply() {
  const filter = wanted(), asks = filter.words.length > 0 || filter.tag !== "" || filter.org !== "";
  rows ??= describeAll();
  let matching = 0;
  for (const row of rows) {
    const hits = match(row, filter);
    if (hits) matching++;
    show(row, hits);
  }
  showHeadings(filter);
  none.hidden = matching > 0 || !asks;
  count.textContent = asks ? `${grouped(matching)} of ${counted(rows.length, "dashboard")}` : summary;
}

// --------------------------------------------------------------------------- from a filtered page to the whole

let loading = null;

// The rows that the server left out. XMLHttpRequest makes a document of a page without running anything in it.
function load() {
  loading ??= new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("GET", "./");
    request.responseType = "document";
    request.onload = () => request.status === 200 && request.response ? resolve(request.response) : reject(new Error("no page"));
    request.onerror = () => reject(new Error("no answer"));
    request.send();
  });
  return loading;
}

function adopt(page) {
  if (whole) return;
  whole = true;
  const sections = page.querySelectorAll("main > .org");
  for (const section of document.querySelectorAll("main > .org")) section.remove();
  for (const section of sections) none.before(document.adoptNode(section));
  summary = page.getElementById("count").textContent;
  rows = null;
}

// Filters, or, where the rows cannot be had, asks the server.
function update() {
  if (whole) return apply();
  return load().then((page) => { adopt(page); apply(); }, () => form.submit());
}

// ------------------------------------------------------------------------------------------------ the address

function address() {
  const query = new URLSearchParams();
  for (const name of ["q", "tag", "org"]) {
    const value = form.elements[name]?.value;
    if (value) query.set(name, value);
  }
  const text = query.toString();
  return text ? `?${text}` : "./";
}

function readAddress() {
  const query = new URLSearchParams(location.search);
  for (const name of ["q", "tag", "org"]) if (form.elements[name]) form.elements[name].value = query.get(name) ?? "";
}

function go(how) {
  history[how](null, "", address());
  return update();
}

// A plain click on a link that only filters.
function filterBy(event) {
  const tag = event.target.closest(TAG);
  if (!tag || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  form.elements.q.value = "";
  if (form.elements.org) form.elements.org.value = "";
  form.elements.tag.value = tag.textContent;
  go("pushState");
  window.scrollTo(0, 0);
}

// Where the hits only are shown, the first click shows all panels.
function unfoldWhole(event) {
  const details = event.target.closest("summary")?.parentElement;
  if (!details?.hasAttribute("data-opened")) return;
  event.preventDefault();
  showAll(details);
}

function focusSearch(event) {
  const typing = event.target.closest("input, select, textarea");
  if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  form.elements.q.focus();
  form.elements.q.select();
}

function startFilter() {
  summary = whole ? count.textContent : null;
  document.documentElement.classList.add("js");
  let due = 0;
  form.elements.q.addEventListener("input", () => {
    cancelAnimationFrame(due);
    due = requestAnimationFrame(() => go("replaceState"));
  });
  for (const name of ["tag", "org"]) form.elements[name]?.addEventListener("change", () => go("pushState"));
  form.addEventListener("submit", (event) => { event.preventDefault(); go("replaceState"); });
  document.addEventListener("click", filterBy);
  document.addEventListener("click", unfoldWhole);
  document.addEventListener("keydown", focusSearch);
  window.addEventListener("popstate", () => { readAddress(); update(); });
  if (!whole) load().then((page) => { adopt(page); apply(); }, () => {});
  else if (window.requestIdleCallback) requestIdleCallback(() => { rows ??= describeAll(); });
}

// ---------------------------------------------------------------------------------------------------- the age

function age(seconds) {
  if (seconds < 5) return "just now";
  if (seconds < 90) return `${Math.round(seconds)} s ago`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 172800) return `${Math.round(seconds / 3600)} h ago`;
  return `${Math.round(seconds / 86400)} days ago`;
}

function tellAge() {
  const time = document.querySelector(".refreshed time");
  if (time) time.textContent = age((Date.now() - Date.parse(time.dateTime)) / 1000);
}

for (const time of document.querySelectorAll("time")) time.title = time.textContent;
tellAge();
setInterval(tellAge, 5000);
if (form) startFilter();
