/* The parts of ECharts that ui/static/ui/js/charts draws with; `rapport assets` bundles them to vendor/echarts.min.js. */
import { getInstanceByDom, init, use } from 'echarts/core';
import { BarChart, LineChart, SankeyChart, ScatterChart } from 'echarts/charts';
import { GridComponent, MarkLineComponent, MarkPointComponent, TooltipComponent } from 'echarts/components';
import { LabelLayout } from 'echarts/features';
import { SVGRenderer } from 'echarts/renderers';

use([
  BarChart, LineChart, SankeyChart, ScatterChart,
  GridComponent, MarkLineComponent, MarkPointComponent, TooltipComponent,
  LabelLayout, SVGRenderer,
]);

export { getInstanceByDom, init };
