for (const plot of document.querySelectorAll(".plot")) {
  const points = JSON.parse(plot.closest("figure").querySelector("script").textContent);
  const cross = plot.querySelector(".cross"), tip = plot.querySelector(".tip");
  const show = (event) => {
    const box = plot.getBoundingClientRect(), x = 100 * (event.clientX - box.left) / box.width;
    let near = points[0];
    for (const p of points) if (Math.abs(p.x - x) < Math.abs(near.x - x)) near = p;
    cross.hidden = tip.hidden = false;
    cross.style.left = near.x + "%";
    tip.textContent = near.t;
    tip.style.left = near.x < 50 ? "calc(" + near.x + "% + 6px)" : "";
    tip.style.right = near.x < 50 ? "" : "calc(" + (100 - near.x) + "% + 6px)";
  };
  const hide = () => { cross.hidden = tip.hidden = true; };
  plot.addEventListener("pointermove", show);
  plot.addEventListener("pointerdown", show);
  plot.addEventListener("pointerleave", hide);
}
