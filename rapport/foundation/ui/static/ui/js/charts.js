/* Charts (foundation/ui/charts.py makes the data and this markup):
   <div data-chart="bridge" role="img" aria-label="The whole chart in a sentence." style="--h:226"></div>
   <script type="application/json">{"kind": "bridge", …}</script>
   Drawn once seen, again when the theme or the width of the page changes, and when htmx brings new ones.
   A click on a mark follows its link; the table twin has the same links for keys and screen readers. */
import { kinds } from './charts/kinds.js';
import { isPhone } from './charts/theme.js';
import { all } from './lib.js';

const live = new Map(); // element: {chart, source, data, sizes}

const dataOf = (element) => element.nextElementSibling?.textContent ?? '';

const render = (element, entry) => {
  const height = kinds[entry.data.kind].height?.(entry.data);
  element.style.height = height ? `${height}px` : '';
  entry.chart.resize();
  entry.chart.setOption(kinds[entry.data.kind].option(entry.data), true);
};

const follow = (url) => { if (url) location.assign(url); };

const draw = (element) => {
  const source = dataOf(element);
  const data = JSON.parse(source);
  const chart = window.echarts.init(element, null, { renderer: 'svg' });
  const sizes = new ResizeObserver(() => element.isConnected && chart.resize());
  const entry = { chart, source, data, sizes };
  live.set(element, entry);
  const urlAt = kinds[data.kind].urlAt;
  if (urlAt) chart.getZr().on('click', (event) => follow(urlAt(entry.data, chart, event)));
  else chart.on('click', (params) => follow(params.data?.url));
  sizes.observe(element);
  render(element, entry);
};

const mount = () => {
  for (const [element, entry] of live) {
    // A morphing swap keeps the element but may have taken its drawing or changed its data.
    const stale = !element.isConnected || !element.firstElementChild || dataOf(element) !== entry.source;
    if (stale) {
      entry.sizes.disconnect();
      entry.chart.dispose();
      live.delete(element);
    }
  }
  all('[data-chart]').filter((element) => !live.has(element) && dataOf(element)).forEach((element) => seen.observe(element));
};

const seen = new IntersectionObserver((entries) => {
  entries.filter((entry) => entry.isIntersecting).forEach(({ target }) => {
    seen.unobserve(target);
    if (!live.has(target)) draw(target);
  });
}, { rootMargin: '300px' });

const again = () => live.forEach((entry, element) => render(element, entry));

document.fonts.ready.then(mount);
for (const event of ['htmx:after:swap', 'htmx:after:settle']) document.addEventListener(event, mount);
document.addEventListener('r-theme', () => requestAnimationFrame(again));
isPhone.addEventListener('change', again);
addEventListener('beforeprint', () => all('[data-chart]').forEach((element) => live.has(element) || draw(element)));
