/* What all charts look like: colours from the design tokens, wording of ticks from the page's language. */
export const isPhone = matchMedia('(max-width: 699px)');
const isStill = matchMedia('(prefers-reduced-motion: reduce)');
const root = document.documentElement;

/** Custom properties come back as light-dark(…); a hidden element resolves them to what is seen. */
const probe = document.createElement('i');
probe.hidden = true;
const token = (name) => {
  if (!probe.isConnected) document.body.append(probe);
  probe.style.color = `var(--r-${name})`;
  return getComputedStyle(probe).color;
};

export const fade = (colour, alpha) => `rgba(${colour.match(/[\d.]+/g).slice(0, 3).join(',')},${alpha})`;
export const isRtl = () => root.dir === 'rtl';

const options = (unit) => {
  if (unit === '%') return { style: 'percent', maximumFractionDigits: 0 };
  const compact = { notation: 'compact', maximumFractionDigits: 1 };
  return unit?.length === 3 ? { ...compact, style: 'currency', currency: unit } : compact;
};
export const ticks = (unit) => {
  const format = new Intl.NumberFormat(root.lang || 'en', options(unit));
  return (value) => format.format(value);
};

/** A tooltip of plain text: what people wrote never becomes markup. */
export const tip = (title, lines) => {
  const box = document.createElement('div');
  const head = document.createElement('b');
  head.textContent = title;
  box.append(head, ...lines.filter(Boolean).map((line) => Object.assign(document.createElement('div'), { textContent: line })));
  return box;
};

export const theme = () => {
  const t = {
    ink: token('ink'), ink2: token('ink-2'), ink3: token('ink-3'), line: token('line'), line2: token('line-strong'),
    surface: token('surface'), raised: token('raised'), c: [1, 2, 3, 4, 5, 6, 7].map((n) => token(`c${n}`)),
    good: token('good-solid'), bad: token('bad-solid'), badInk: token('bad'), warn: token('warn-solid'),
  };
  const font = { fontFamily: getComputedStyle(document.body).fontFamily, fontSize: 12, color: t.ink3 };
  const strong = { ...font, color: t.ink, fontWeight: 600 };
  const tones = {
    '': t.c[0], soft: fade(t.c[0], 0.45), grey: t.c[6], total: t.c[6], second: t.c[1], third: t.c[2],
    good: t.good, warn: t.warn, bad: t.bad,
  };
  const option = {
    animation: !isStill.matches, animationDuration: 350, textStyle: font, aria: { enabled: false },
    grid: { left: 4, right: 12, top: 12, bottom: 4, outerBoundsMode: 'same', outerBoundsContain: 'axisLabel' },
    tooltip: {
      backgroundColor: t.raised, borderColor: t.line2, borderWidth: 1, padding: [8, 10], confine: true,
      textStyle: { ...font, color: t.ink }, extraCssText: 'border-radius:8px;box-shadow:0 6px 20px rgb(0 0 0/.14);text-align:start',
    },
  };
  const names = (data, more = {}) => ({
    type: 'category', data, axisLine: { lineStyle: { color: t.line2 } }, axisTick: { show: false },
    axisLabel: { ...font, hideOverlap: true }, ...more,
  });
  const values = (unit, more = {}) => ({
    type: 'value', splitNumber: 3, axisLabel: { ...font, formatter: ticks(unit) }, splitLine: { lineStyle: { color: t.line } }, ...more,
  });
  return { t, font, strong, tones, option, names, values };
};
