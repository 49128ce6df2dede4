"use strict";
// Draw the charts, and prepare the page for paper: open all but long data, and draw the charts to the width of the sheet.
const plots = [...document.querySelectorAll(".plot")];
const sheet = document.documentElement.classList;
const options = { displayModeBar: false, scrollZoom: false, doubleClick: false, showTips: false };

for (const plot of plots) {
  const figure = JSON.parse(plot.nextElementSibling.textContent);
  Plotly.newPlot(plot, figure.data, figure.layout, options);
}

// Plots.resize draws after 0.1 s, which is too late for paper.
const fit = () => plots.forEach((plot) => Plotly.relayout(plot, { autosize: true }));
document.getElementById("no-script").hidden = true;
let opened = [];

function toPaper() {
  if (sheet.contains("paper")) return;
  sheet.add("paper");
  opened = [...document.querySelectorAll("details:not(.long):not([open])")];
  opened.forEach((each) => { each.open = true; });
  fit();
}

function toScreen() {
  sheet.remove("paper");
  opened.forEach((each) => { each.open = false; });
  fit();
}

addEventListener("beforeprint", toPaper);
addEventListener("afterprint", toScreen);
matchMedia("print").addEventListener("change", (media) => (media.matches ? toPaper() : toScreen()));

let width = innerWidth;
addEventListener("resize", () => {
  if (innerWidth !== width && !sheet.contains("paper")) fit(); // a phone's address bar changes the height alone
  width = innerWidth;
});
