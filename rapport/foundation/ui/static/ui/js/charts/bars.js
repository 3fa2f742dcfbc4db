/* Bars, the bridge between two totals, and what a model expected beside what happened. */
import { isPhone, isRtl, theme, tip } from './theme.js';

const pointer = (marks) => (marks.some((mark) => mark.url) ? 'pointer' : 'default');
const tall = (marks) => marks.length * 34 + 8;

/** Names up or across; across, the first name is on top and right-to-left pages grow to the left. */
const axes = (look, marks, across, unit, value, all = false) => {
  const rtl = isRtl();
  const names = look.names(marks.map((mark) => mark.name), {
    inverse: across || rtl, position: across && rtl ? 'right' : undefined,
    axisLabel: { ...look.font, interval: across || all ? 0 : undefined, hideOverlap: !all, width: across ? 118 : all ? 84 : undefined, overflow: all && !across ? 'break' : 'truncate' },
    axisLine: { show: !across, lineStyle: { color: look.t.line2 } },
  });
  const values = look.values(unit, { inverse: across && rtl, position: !across && rtl ? 'right' : undefined, ...value });
  return across ? { xAxis: values, yAxis: names } : { xAxis: names, yAxis: values };
};

export const bridge = {
  height: ({ marks }) => (isPhone.matches ? tall(marks) : 0),
  option: ({ marks, floor, unit }) => {
    const look = theme();
    const across = isPhone.matches;
    // Drawn from the floor up: the axis is hidden, the labels say the true figures.
    let run = 0;
    const base = [];
    const bar = [];
    marks.forEach((mark) => {
      const isTotal = mark.tone === 'total';
      const start = isTotal ? floor : run;
      run = (isTotal ? 0 : run) + (mark.value ?? 0);
      base.push(Math.min(start, run) - floor);
      const colour = isTotal ? look.t.c[6] : mark.value < 0 ? look.t.c[5] : look.t.c[0];
      bar.push({ value: Math.abs(run - start), url: mark.url, itemStyle: { color: colour } });
    });
    const label = {
      ...look.strong, show: true, position: across ? (isRtl() ? 'left' : 'right') : 'top', formatter: (p) => marks[p.dataIndex].text,
    };
    const top = Math.max(...base.map((start, i) => start + bar[i].value));
    const low = Math.min(0, ...base);
    const hidden = { show: false, min: low, max: top + (top - low) * (across ? 0.45 : 0.12), splitLine: { show: false } };
    return {
      ...look.option, ...axes(look, marks, across, unit, hidden, true),
      grid: { ...look.option.grid, left: 2, right: 2, top: across ? 0 : 20 },
      tooltip: { ...look.option.tooltip, formatter: (p) => tip(marks[p.dataIndex].name, [marks[p.dataIndex].text, marks[p.dataIndex].note]) },
      series: [
        { type: 'bar', stack: 'w', stackStrategy: 'all', data: base, itemStyle: { color: 'transparent' }, silent: true, tooltip: { show: false } },
        { type: 'bar', stack: 'w', stackStrategy: 'all', data: bar, barWidth: '58%', barMinHeight: 2, itemStyle: { borderRadius: 2 }, label, cursor: pointer(marks) },
      ],
    };
  },
};

export const bars = {
  height: (data) => (data.across ? tall(data.marks) : 0),
  option: ({ marks, unit, across }) => {
    const look = theme();
    const busy = marks.length > (isPhone.matches ? 6 : 12);
    const end = (mark) => (across ? (isRtl() ? 'left' : 'right') : mark.value < 0 ? 'bottom' : 'top');
    const data = marks.map((mark, index) => ({
      value: mark.value, url: mark.url,
      itemStyle: { color: mark.value < 0 && !mark.tone ? look.t.c[5] : look.tones[mark.tone] ?? look.t.c[0] },
      label: { ...look.strong, show: across || !busy || index < (isPhone.matches ? 1 : 3) || mark.value < 0, position: end(mark), formatter: () => mark.text, color: mark.value < 0 ? look.t.badInk : look.t.ink },
    }));
    return {
      ...look.option, ...axes(look, marks, across, unit, across ? { show: false } : {}),
      grid: { ...look.option.grid, top: across ? 0 : 26, right: across ? (isRtl() ? 4 : 92) : 8, left: across && isRtl() ? 92 : 4 },
      tooltip: { ...look.option.tooltip, formatter: (p) => tip(marks[p.dataIndex].name, [marks[p.dataIndex].text, marks[p.dataIndex].note]) },
      series: [{ type: 'bar', barCategoryGap: across ? '34%' : '22%', barMaxWidth: 64, data, itemStyle: { borderRadius: 2 }, cursor: pointer(marks) }],
    };
  },
};

export const calibration = {
  option: ({ groups, unit, expectedName, actualName }) => {
    const look = theme();
    const said = (group) => tip(group.name, [`${expectedName}: ${group.expectedText}`, `${actualName}: ${group.actualText}`, group.note]);
    return {
      ...look.option, ...axes(look, groups, false, unit, {}),
      grid: { ...look.option.grid, top: 14 },
      tooltip: { ...look.option.tooltip, trigger: 'axis', axisPointer: { type: 'shadow' }, formatter: (p) => said(groups[p[0].dataIndex]) },
      series: [
        { name: actualName, type: 'bar', barCategoryGap: '30%', barMaxWidth: 56, itemStyle: { color: look.tones.soft, borderRadius: 2 }, cursor: pointer(groups), data: groups.map((group) => ({ value: group.actual, url: group.url })) },
        { name: expectedName, type: 'line', symbol: 'circle', symbolSize: 8, lineStyle: { width: 1.5, type: [4, 4], color: look.t.ink2 }, itemStyle: { color: look.t.surface, borderColor: look.t.ink2, borderWidth: 2 }, cursor: pointer(groups), data: groups.map((group) => ({ value: group.expected, url: group.url })) },
      ],
    };
  },
};
