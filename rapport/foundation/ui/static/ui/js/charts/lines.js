/* A course over time with its likely range and goal, and the curve of concentration. */
import { fade, isPhone, isRtl, theme, tip } from './theme.js';

const nearest = (data, chart, event) => {
  const at = chart.convertFromPixel({ seriesIndex: 0 }, [event.offsetX, event.offsetY]);
  return at && chart.containPixel('grid', [event.offsetX, event.offsetY]) ? at : null;
};

/* A name on the line itself; before the point it names, above a line that rises to it and below one that falls; or
   behind the end, where room is kept for it. */
const tag = (look, name, index, value, colour, behind, falls = false) => ({
  coord: [index, value], symbolSize: 0,
  label: { ...look.strong, show: true, formatter: name, color: colour, textBorderColor: look.t.surface, textBorderWidth: 3, distance: 8, position: behind !== isRtl() ? 'right' : 'left', offset: behind ? [0, 0] : [0, falls ? 14 : -8] },
});

export const line = {
  urlAt: (data, chart, event) => {
    const at = nearest(data, chart, event);
    return at && data.points[Math.round(at[0])]?.url;
  },
  option: (data) => {
    const look = theme();
    const { t, option } = look;
    const { points, spark } = data;
    const end = points.length - 1;
    const now = points.findLastIndex((point) => point.value !== null);
    const isBanded = points.some((point) => point.low !== null && point.high !== null);
    const hasLikely = points.some((point) => point.likely !== null);
    const of = (key) => points.map((point) => point[key]);
    const shown = points.flatMap((point) => [point.value, point.likely, point.low, point.high]).filter((value) => value !== null);
    const low = Math.min(...shown), high = Math.max(...shown, data.goal ?? -Infinity);
    const min = data.fromZero || low < 0 ? undefined : spark ? Math.max(0, low - (high - low || high) * 0.4) : 0;
    const cursor = points.some((point) => point.url) ? 'pointer' : 'default';
    const series = [];
    if (isBanded) {
      const band = { type: 'line', stack: 'band', stackStrategy: 'all', symbol: 'none', lineStyle: { opacity: 0 }, silent: true };
      series.push(
        { ...band, data: of('low') },
        { ...band, data: points.map((point) => (point.low === null || point.high === null ? null : point.high - point.low)), areaStyle: { color: fade(t.c[0], 0.2) } },
      );
    }
    const goal = data.goal === null ? [] : [{ yAxis: data.goal, lineStyle: { color: t.ink2, type: 'dashed', width: 1.25 }, label: { ...look.font, formatter: data.goalText, position: 'insideStartTop', color: t.ink2 } }];
    series.push({
      type: 'line', data: of('value'), cursor, lineStyle: { width: 2.5, color: t.c[0] }, itemStyle: { color: t.c[0] },
      symbol: (value, p) => (p.dataIndex === now || end === 0 ? 'circle' : 'none'), symbolSize: 8, areaStyle: { color: fade(t.c[0], 0.1) },
      markPoint: { animation: false, symbol: 'circle', data: data.name && now >= 0 ? [tag(look, data.name, now, points[now].value, t.c[0], now === 0, points[Math.max(0, now - 2)].value > points[now].value)] : [] },
      markLine: { symbol: 'none', silent: true, animation: false, data: goal },
    });
    if (hasLikely) {
      series.push({
        type: 'line', data: of('likely'), symbol: 'none', cursor, lineStyle: { width: 2, type: [5, 4], color: t.c[0] },
        markPoint: { animation: false, symbol: 'circle', data: data.likelyName ? [tag(look, data.likelyName, end, points[end].likely, t.c[0], true)] : [] },
      });
    }
    const ends = { interval: (index) => index === 0 || index === end, showMinLabel: true, showMaxLabel: true, alignMinLabel: isRtl() ? 'right' : 'left', alignMaxLabel: isRtl() ? 'left' : 'right' };
    return {
      ...option, grid: spark ? { left: 1, right: 8, top: 8, bottom: 24 } : { ...option.grid, top: 26, [isRtl() ? 'left' : 'right']: data.likelyName ? (isPhone.matches ? 84 : 104) : 12 },
      tooltip: { ...option.tooltip, trigger: 'axis', axisPointer: { lineStyle: { color: t.line2 } }, formatter: (p) => { const point = points[p[0].dataIndex]; return tip(point.name, [point.text, point.note]); } },
      xAxis: look.names(of('name'), { boundaryGap: false, inverse: isRtl(), axisLabel: { ...look.font, hideOverlap: true, ...(spark || isPhone.matches ? ends : {}) } }),
      yAxis: look.values(data.unit, { min, show: !spark, position: isRtl() ? 'right' : 'left' }),
      series,
    };
  },
};

export const concentration = {
  urlAt: (data, chart, event) => {
    const at = nearest(data, chart, event);
    if (!at) return '';
    return data.points.reduce((best, point) => (Math.abs(point.x - at[0]) < Math.abs(best.x - at[0]) ? point : best)).url;
  },
  option: ({ points, equal }) => {
    const look = theme();
    const { t, option } = look;
    const axis = { max: 1, interval: 0.25, axisLine: { show: false }, axisTick: { show: false } };
    const low = Math.min(0, ...points.map((point) => point.y));
    const high = Math.max(1, ...points.map((point) => point.y));
    const said = (p) => { const point = points[Math.max(0, p[0].dataIndex - 1)]; return tip(point.name, [point.text, point.note]); };
    return {
      ...option, grid: { ...option.grid, right: 16, top: 14 },
      tooltip: { ...option.tooltip, trigger: 'axis', axisPointer: { lineStyle: { color: t.line2 } }, formatter: said },
      xAxis: { ...look.values('%', { ...axis, min: 0, inverse: isRtl() }), splitLine: { show: false } },
      yAxis: look.values('%', { ...axis, max: high, min: low, position: isRtl() ? 'right' : 'left' }),
      series: [
        { type: 'line', data: [[0, 0], ...points.map((point) => [point.x, point.y])], symbol: 'circle', symbolSize: 6, cursor: points.some((point) => point.url) ? 'pointer' : 'default', lineStyle: { width: 2.5, color: t.c[0] }, itemStyle: { color: t.c[0] }, areaStyle: { color: fade(t.c[0], 0.1) } },
        { type: 'line', data: [[0, 0], [1, 1]], symbol: 'none', silent: true, tooltip: { show: false }, lineStyle: { width: 1, type: [4, 4], color: t.ink3 }, markPoint: { animation: false, symbolSize: 0, data: [{ coord: [0.6, 0.6], label: { ...look.font, show: true, formatter: equal, position: isRtl() ? 'left' : 'right', distance: 6, offset: [0, 12] } }] } },
      ],
    };
  },
};
