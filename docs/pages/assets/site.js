// Wide tables scroll. Without a mouse, only an element that takes the focus can be scrolled.
addEventListener("load", () => {
  for (const table of document.querySelectorAll(".md-typeset__scrollwrap")) {
    table.tabIndex = 0;
    table.role = "group";
    table.ariaLabel = "Table";
  }
});
