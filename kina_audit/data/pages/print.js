"use strict";
(function () {
  var details = Array.prototype.slice.call(document.querySelectorAll("details.profile"));
  var opened = [];
  window.addEventListener("beforeprint", function () {
    opened = details.map(function (d) { return d.open; });
    details.forEach(function (d) { d.open = true; });
  });
  window.addEventListener("afterprint", function () { details.forEach(function (d, i) { d.open = opened[i]; }); });
})();
