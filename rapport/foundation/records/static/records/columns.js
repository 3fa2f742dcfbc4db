/* The columns menu: lines can be dragged into their order. Each has an arrow for the same, which needs no script.
   <div data-sortable="/static/vendor/sortable.min.js"><div class="r-check">… <i class="r-grip"></i></div></div> */
const load = (src) => (window.Sortable ? Promise.resolve() : new Promise((done) => {
  const script = document.createElement('script');
  script.src = src;
  script.onload = done;
  document.head.append(script);
}));

document.addEventListener('shown.bs.dropdown', async (event) => {
  const lines = event.target.parentElement.querySelector('[data-sortable]:not([data-ready])');
  if (!lines) return;
  lines.dataset.ready = 'true';
  await load(lines.dataset.sortable);
  const isCalm = matchMedia('(prefers-reduced-motion: reduce)').matches;
  window.Sortable.create(lines, { handle: '.r-grip', animation: isCalm ? 0 : 140, ghostClass: 'r-ghost' });
});
