-- SPDX-License-Identifier: MIT
-- What is the same on every page of an inventory: its style, its script, its frame.

local files = require("grafana.core").files

local tonumber = tonumber

local page = {}

local STYLE = [[
:root{color-scheme:light dark;--bg:#f4f5f7;--card:#fff;--text:#1c2128;--soft:#59636e;--line:#dfe2e7;--link:#0b5cc4;
--bar:#cfe0f7;--hover:#f0f5fc;--accent:#e8590c;--bad:#b42318;--bad-bg:#fdecea;--warn:#8a5300;--warn-bg:#fdf1dc;
--good:#17703c;--good-bg:#e4f4ea;--chip:#eceff3}
@media (prefers-color-scheme:dark){:root{--bg:#111418;--card:#181c22;--text:#dfe3e8;--soft:#9aa4b0;--line:#2b313a;
--link:#7fb2ff;--bar:#22406b;--hover:#1d242d;--accent:#ff8f4d;--bad:#ff9b91;--bad-bg:#3b1a18;--warn:#f3c06b;
--warn-bg:#36290f;--good:#7ed8a0;--good-bg:#143122;--chip:#262c35}}
*{box-sizing:border-box}
html{scroll-padding-top:4.5rem}
body{margin:0;background:var(--bg);color:var(--text);
font:15px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
header,main,footer,#search>div{max-width:84rem;margin:0 auto;padding:0 1.25rem}
header{padding-top:2rem}
h1{margin:0;font-size:1.7rem;letter-spacing:-.02em}
h1::before{content:"";display:inline-block;width:.55em;height:.55em;margin-right:.45em;border-radius:50%;
background:var(--accent)}
header p{margin:.25rem 0 0;color:var(--soft);overflow-wrap:anywhere}
header p.note{margin-top:.75rem;padding:.6rem .8rem;border-radius:.5rem;background:var(--warn-bg);color:var(--warn)}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(8.5rem,1fr));gap:.7rem;margin:1.25rem 0 .5rem}
.tile{display:block;padding:.75rem .8rem;border:1px solid var(--line);border-radius:.7rem;background:var(--card);
color:inherit;text-decoration:none}
a.tile:hover{border-color:var(--link)}
.tile b{display:block;font-size:1.55rem;font-weight:650;line-height:1.2;font-variant-numeric:tabular-nums}
.tile span{color:var(--soft);font-size:.8rem}
.tile.bad{background:var(--bad-bg)}.tile.bad b{color:var(--bad)}
.tile.warn{background:var(--warn-bg)}.tile.warn b{color:var(--warn)}
.tile.good b{color:var(--good)}
#search{position:sticky;top:0;z-index:2;margin-top:.75rem;background:var(--bg);border-bottom:1px solid var(--line)}
#search>div{display:flex;align-items:center;padding-top:.6rem;padding-bottom:.6rem}
#search input{flex:1;min-width:0;padding:.55rem .8rem;border:1px solid var(--line);border-radius:.6rem;font:inherit;
background:var(--card);color:inherit}
#search output:not(:empty){margin-left:1rem}
#search output{color:var(--soft);white-space:nowrap;font-variant-numeric:tabular-nums}
section{margin:1.75rem 0;padding:1rem 0 .25rem;border:1px solid var(--line);border-radius:.8rem;background:var(--card)}
section>h2,section>p{margin:0 1.1rem .35rem}
section>p{color:var(--soft)}
h2{font-size:1.12rem}
.count{color:var(--soft);font-weight:400;font-variant-numeric:tabular-nums}
.scroll{overflow-x:auto}
table{width:100%;min-width:46rem;border-collapse:collapse}
caption{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
th,td{padding:.5rem 1.1rem;text-align:left;vertical-align:top;border-top:1px solid var(--line)}
td{unicode-bidi:isolate;overflow-wrap:break-word}
bdi,code,.uid{overflow-wrap:anywhere}
thead th{border-top:0;color:var(--soft);font-size:.8rem;font-weight:600;white-space:nowrap}
th button{all:unset;cursor:pointer}
th button:focus-visible,a:focus-visible,summary:focus-visible,input:focus-visible{outline:2px solid var(--link);
outline-offset:2px;border-radius:.3rem}
th[aria-sort] button{color:var(--text)}
th[aria-sort=ascending] button::after{content:" ↑"}
th[aria-sort=descending] button::after{content:" ↓"}
th.w{width:34%}
th.n,td.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
td.z{color:var(--soft)}
td.b{min-width:7rem}
td.b span{display:block;padding:0 .35rem;border-radius:.25rem;
background:linear-gradient(90deg,var(--bar) var(--p),transparent var(--p))}
tbody tr:hover{background:var(--hover)}
a{color:var(--link);text-decoration:none}
a:hover{text-decoration:underline}
small{color:var(--soft);font-size:.84em}
.uid{display:block;font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
code{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:.92em}
.badge{display:inline-block;padding:.05rem .5rem;border-radius:1rem;background:var(--chip);color:var(--soft);
font-size:.78rem;max-width:100%;overflow-wrap:break-word}
.badge.bad{background:var(--bad-bg);color:var(--bad)}
.badge.warn{background:var(--warn-bg);color:var(--warn)}
.badge.good{background:var(--good-bg);color:var(--good)}
.tags{margin-top:.15rem}
details{margin-top:.2rem}
summary{width:max-content;max-width:100%;color:var(--soft);font-size:.86rem;cursor:pointer}
details ul{margin:.3rem 0 .4rem;padding-left:1.2rem;columns:15rem auto;column-gap:1.5rem}
details li{break-inside:avoid}
mark{background:var(--warn-bg);color:inherit;border-radius:.2rem}
footer{padding-bottom:3rem;color:var(--soft);font-size:.86rem}
[hidden],.js tr.off{display:none!important}
button.more{display:block;margin:.6rem 1.1rem 1rem;padding:.4rem .9rem;border:1px solid var(--line);border-radius:.5rem;
background:var(--bg);color:var(--link);font:inherit;cursor:pointer}
@media print{:root{color-scheme:light;--bg:#fff;--card:#fff;--text:#000;--soft:#444;--line:#bbb;--link:#000;--bar:#ddd;
--bad-bg:#fff;--warn-bg:#fff;--good-bg:#fff;--chip:#eee}body{font-size:10pt}#search{display:none}
section{border:0;margin:1rem 0}thead{display:table-header-group}tr{break-inside:avoid}th,td{padding:.25rem .5rem}}
]]

-- Every section can be sorted by its columns and searched; a search opens what it finds inside, where that is little.
-- Of a long table only the first rows are laid out, until one asks for all: `off` is what the page says of the others.
local SCRIPT = [[
(function () {
"use strict";
document.documentElement.className = "js";
document.addEventListener("DOMContentLoaded", function () {
var FEW = 30, FIRST = 200;
var bar = document.getElementById("search"), box = document.getElementById("q");
var found = document.getElementById("found");
var all = Array.prototype.slice;
function list(root, selector) { return all.call(root.querySelectorAll(selector)); }
var sections = list(document, "main > section").map(function (section) {
  var each = { section: section, count: section.querySelector(".count"), rows: list(section, "tbody > tr") };
  each.hits = each.rows;
  each.most = FIRST;
  each.more = document.createElement("button");
  each.more.type = "button";
  each.more.className = "more";
  each.more.addEventListener("click", function () { each.most = Infinity; show(each); });
  section.appendChild(each.more);
  return each;
});
function show(each) {
  var shown = new Set(each.hits.slice(0, each.most));
  each.rows.forEach(function (row) {
    var off = !shown.has(row);
    if (off !== row.classList.contains("off")) { row.classList.toggle("off", off); }
  });
  each.more.hidden = shown.size === each.hits.length;
  each.more.textContent = "Show all " + each.hits.length;
}
var texts = new Map(), items = new Map();
function words_of(node) { return node.nodeName === "DETAILS" ? "" : node.textContent; }
function own_text(element) {
  var parts = element.cells ? all.call(element.cells) : [element];
  return parts.map(function (part) { return all.call(part.childNodes).map(words_of).join(" "); }).join(" ");
}
function kept(map, key, make) {
  var known = map.get(key);
  if (known === undefined) { known = make(key); map.set(key, known); }
  return known;
}
function has(element, words) {
  var inside = kept(texts, element, function () { return own_text(element).toLowerCase(); });
  return words.every(function (word) { return inside.indexOf(word) >= 0; });
}
function items_of(row) { return kept(items, row, function () { return list(row, "li"); }); }
function fits(row, words) {
  return has(row, words) || items_of(row).some(function (item) { return has(item, words); });
}
var opened = [];
function close() {
  opened.forEach(function (details) {
    details.open = false;
    list(details, "li").forEach(function (item) { item.hidden = false; });
  });
  opened = [];
}
function open(row, words) {
  list(row, "details").forEach(function (details) {
    var hits = items_of(row).filter(function (item) { return has(item, words); });
    if (!hits.length || details.open) { return; }
    items_of(row).forEach(function (item) { item.hidden = hits.indexOf(item) < 0; });
    details.open = true;
    opened.push(details);
  });
}
function search() {
  var words = box.value.toLowerCase().split(/\s+/).filter(Boolean), total = 0;
  close();
  sections.forEach(function (each) {
    each.hits = words.length ? each.rows.filter(function (row) { return fits(row, words); }) : each.rows;
    each.most = FIRST;
    show(each);
    if (words.length && each.hits.length <= FEW) { each.hits.forEach(function (row) { open(row, words); }); }
    each.section.hidden = words.length > 0 && each.hits.length === 0;
    each.count.textContent = words.length ? each.hits.length + " of " + each.rows.length : String(each.rows.length);
    total += each.hits.length;
  });
  found.textContent = words.length ? total + (total === 1 ? " row" : " rows") : "";
}
var waiting;
box.addEventListener("input", function () { clearTimeout(waiting); waiting = setTimeout(search, 120); });
document.addEventListener("keydown", function (event) {
  if (event.key === "/" && document.activeElement !== box) { event.preventDefault(); box.focus(); }
  if (event.key === "Escape" && box.value) { box.value = ""; search(); }
});
var collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
function value(row, column, numeric) {
  var cell = row.cells[column];
  if (numeric) { return Number(cell.textContent.replace(/[^0-9.]/g, "")); }
  var first = cell.querySelector("bdi");
  return (first || cell).textContent;
}
function sort(each, table, column, header) {
  var numeric = header.classList.contains("n"), body = table.tBodies[0];
  var was = header.getAttribute("aria-sort"), down = was ? was === "ascending" : numeric;
  list(table, "th").forEach(function (other) { other.removeAttribute("aria-sort"); });
  header.setAttribute("aria-sort", down ? "descending" : "ascending");
  var rows = each.rows.map(function (row) { return { row: row, value: value(row, column, numeric) }; });
  rows.sort(function (a, b) {
    var order = numeric ? a.value - b.value : collator.compare(a.value, b.value);
    return down ? -order : order;
  });
  var hits = new Set(each.hits), sorted = document.createDocumentFragment();
  each.rows = rows.map(function (one) { return one.row; });
  each.hits = each.rows.filter(function (row) { return hits.has(row); });
  show(each);
  each.rows.forEach(function (row) { sorted.appendChild(row); });
  body.appendChild(sorted);
}
sections.forEach(function (each) {
  var table = each.section.querySelector("table");
  list(table, "thead th").forEach(function (header, column) {
    var button = document.createElement("button");
    button.type = "button";
    button.textContent = header.textContent;
    header.textContent = "";
    header.appendChild(button);
    button.addEventListener("click", function () { sort(each, table, column, header); });
  });
  show(each);
});
bar.hidden = false;
});
})();
]]
page.SCRIPT = SCRIPT

local ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

-- Bytes, given as hexadecimal digits, in base64.
local function base64(hex)
  local left = #hex % 6
  local digits = (hex .. ("0"):rep((6 - left) % 6)):gsub("%x%x%x", function(three)
    local n = tonumber(three, 16)
    local low = n % 64
    local high = (n - low) / 64
    return ALPHABET:sub(high + 1, high + 1) .. ALPHABET:sub(low + 1, low + 1)
  end)
  local padding = left == 0 and 0 or (6 - left) / 2
  return digits:sub(1, #digits - padding) .. ("="):rep(padding)
end

--- The SHA-256 of the script: no other one runs on the page.
function page.script_hash() return base64(files.sha256(SCRIPT)) end

page.SEARCH = [[
<div id="search" role="search" hidden><div>
<input id="q" type="search" placeholder="Search titles, uids, types, tags …   ( / )" aria-label="Search"
autocomplete="off" spellcheck="false">
<output id="found" aria-live="polite"></output>
</div></div>
]]

--- Up to the body; `server` is escaped already.
function page.head(server)
  return '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
    .. '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; style-src \'unsafe-inline\'; '
    .. "script-src 'sha256-" .. page.script_hash() .. "'; base-uri 'none'; form-action 'none'\">\n"
    .. '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    .. '<meta name="referrer" content="no-referrer">\n'
    .. "<title>Grafana inventory · " .. server .. "</title>\n<style>\n" .. STYLE .. "</style>\n"
    .. "<script>" .. SCRIPT .. "</script>\n</head>\n<body>\n"
end

function page.tail()
  return "<footer>What may be chosen by variables while a dashboard is looked at is no reference.</footer>\n"
    .. "</body>\n</html>\n"
end

return page
