/* Runs before first paint, so that the page never flashes the wrong theme. The server wrote the person's choice into
   data-theme; only "same as device" has to be looked up here. */
(() => {
  const root = document.documentElement;
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const apply = () => {
    const wanted = root.dataset.theme || 'auto';
    root.dataset.bsTheme = wanted === 'auto' ? (dark.matches ? 'dark' : 'light') : wanted;
  };
  root.dataset.js = '';
  apply();
  dark.addEventListener('change', () => {
    apply();
    document.dispatchEvent(new Event('r-theme'));
  });
})();
