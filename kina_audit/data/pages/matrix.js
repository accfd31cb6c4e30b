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
