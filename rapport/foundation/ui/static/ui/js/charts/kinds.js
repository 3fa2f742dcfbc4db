/* One entry a kind of chart: `option(data)` for ECharts, `height(data)` where it depends on the screen,
   `urlAt(data, chart, event)` where the place of a click says more than the mark under it. */
import { bars, bridge, calibration } from './bars.js';
import { concentration, line } from './lines.js';
import { flow } from './flow.js';

export const kinds = { bars, bridge, calibration, concentration, flow, line };
