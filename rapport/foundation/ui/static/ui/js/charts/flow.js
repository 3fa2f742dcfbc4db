/* How many went which way, from left to right. */
import { isPhone, isRtl, theme, tip } from './theme.js';

export const flow = {
  option: ({ nodes, links }) => {
    const look = theme();
    const { t, font, option } = look;
    const phone = isPhone.matches;
    const total = (name) => Math.max(...['source', 'target'].map((side) => links.reduce((sum, link) => sum + (link[side] === name ? link.value : 0), 0)));
    const number = new Intl.NumberFormat(document.documentElement.lang || 'en');
    return {
      ...option,
      tooltip: {
        ...option.tooltip,
        formatter: (p) => (p.dataType === 'edge' ? tip(`${p.data.source} → ${p.data.target}`, [p.data.text]) : tip(p.name, [number.format(total(p.name))])),
      },
      series: [{
        type: 'sankey', left: 0, right: phone ? 84 : 120, top: 6, bottom: 6, nodeWidth: 10, nodeGap: phone ? 10 : 14, draggable: false,
        layoutIterations: 0, emphasis: { focus: 'trajectory' }, lineStyle: { color: 'source', opacity: 0.22, curveness: 0.5 }, itemStyle: { borderWidth: 0 },
        label: {
          ...font, color: t.ink, fontSize: phone ? 10.5 : 12, distance: 6, textBorderWidth: 3, textBorderColor: t.surface, position: isRtl() ? 'left' : 'right',
          formatter: (p) => (phone ? p.name : `${p.name}  {n|${number.format(total(p.name))}}`), rich: { n: { color: t.ink3, fontSize: 12 } },
        },
        data: nodes.map((node) => ({ name: node.name, url: node.url, itemStyle: { color: look.tones[node.tone] ?? look.tones.grey } })),
        links,
      }],
    };
  },
};
