"use strict";
(function () {
  var search = document.getElementById("search");
  var boxes = Array.prototype.slice.call(document.querySelectorAll("input[data-show]"));
  var findings = Array.prototype.slice.call(document.querySelectorAll(".finding"));
  var profiles = Array.prototype.slice.call(document.querySelectorAll("details.profile"));
  var count = document.getElementById("count");
  var texts = findings.map(function (f) { return (f.getAttribute("data-name") + " " + f.textContent).toLowerCase(); });
  var opened = profiles.map(function (p) { return p.open; });

  function apply() {
    var words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    var shown = {};
    var total = 0;
    var all = 0;
    boxes.forEach(function (b) { shown[b.getAttribute("data-show")] = b.checked; });
    findings.forEach(function (f, i) {
      var match = shown[f.getAttribute("data-status")] && words.every(function (w) { return texts[i].indexOf(w) >= 0; });
      f.hidden = !match;
      // A profile's links are shown with it, and are no requirement.
      if (!f.hasAttribute("data-links")) { all += 1; total += match ? 1 : 0; }
    });
    profiles.forEach(function (p, i) {
      var some = p.querySelector(".finding:not([hidden])") !== null;
      p.hidden = !some;
      p.open = words.length ? some : opened[i];
    });
    count.textContent = total + " of " + all + " requirements";
  }

  search.addEventListener("input", apply);
  boxes.forEach(function (b) { b.addEventListener("change", apply); });
  document.getElementById("all").addEventListener("click", function () {
    var open = profiles.some(function (p) { return !p.hidden && !p.open; });
    profiles.forEach(function (p, i) { opened[i] = p.open = open; });
  });
  Array.prototype.forEach.call(document.querySelectorAll("button[data-copy]"), function (button) {
    button.addEventListener("click", function () {
      var source = document.getElementById(button.getAttribute("data-copy"));
      var range = document.createRange();
      range.selectNodeContents(source);
      var selection = window.getSelection();
      selection.removeAllRanges();
      selection.addRange(range);
      if (navigator.clipboard) { navigator.clipboard.writeText(source.textContent).catch(function () {}); }
      else { document.execCommand("copy"); }
      button.textContent = "Copied";
    });
  });
  Array.prototype.forEach.call(document.querySelectorAll("button[data-copy], #tools"), function (e) { e.hidden = false; });
  apply();
})();
