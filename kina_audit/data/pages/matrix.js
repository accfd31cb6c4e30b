"use strict";
(function () {
  var search = document.getElementById("search");
  var differences = document.getElementById("differences");
  var problems = document.getElementById("problems");
  var rows = Array.prototype.slice.call(document.querySelectorAll("#grid tbody tr"));
  var same = Array.prototype.slice.call(document.querySelectorAll("#grid [data-same]"));
  var texts = rows.map(function (r) { return r.textContent.toLowerCase(); });
  var count = document.getElementById("count");

  function apply() {
    var words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    var total = 0;
    rows.forEach(function (row, i) {
      var match = words.every(function (w) { return texts[i].indexOf(w) >= 0; }) &&
        (!problems.checked || row.getAttribute("data-verdict") !== "pass");
      row.hidden = !match;
      total += match ? 1 : 0;
    });
    same.forEach(function (cell) { cell.hidden = differences.checked; });
    count.textContent = total + " of " + rows.length + " kernels";
  }
  // Sorting: a button in each head, which a keyboard reaches; rows that could not be audited stay at the end.
  var body = document.querySelector("#grid tbody");
  var heads = Array.prototype.slice.call(document.querySelectorAll("#grid thead th"));
  var first = rows.slice();
  function value(row, column) {
    var cell = row.cells[column];
    if (!cell || cell.hasAttribute("colspan")) { return null; }
    return cell.getAttribute("data-value") || cell.textContent.trim().toLowerCase();
  }
  function sort(column, down) {
    var sorted = first.slice().sort(function (a, b) {
      var x = value(a, column), y = value(b, column);
      if (x === null || y === null) { return (x === null) - (y === null); }
      var order = x < y ? -1 : x > y ? 1 : 0;
      return (down ? -order : order) || first.indexOf(a) - first.indexOf(b);
    });
    sorted.forEach(function (row) { body.appendChild(row); });
  }
  heads.forEach(function (head, column) {
    var button = document.createElement("button");
    button.type = "button";
    button.className = "sort";
    button.textContent = head.textContent;
    head.textContent = "";
    head.appendChild(button);
    button.addEventListener("click", function () {
      var down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach(function (h) { h.removeAttribute("aria-sort"); });
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      sort(column, down);
    });
  });
  function follow() {
    var target = location.hash && document.getElementById(location.hash.slice(1));
    if (target && target.tagName === "DETAILS") { target.open = true; target.querySelector("summary").focus(); target.scrollIntoView(); }
  }
  [search, differences, problems].forEach(function (e) { e.addEventListener("input", apply); });
  window.addEventListener("hashchange", follow);
  document.getElementById("tools").hidden = false;
  apply();
  follow();
})();
