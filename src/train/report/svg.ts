import { BarChart, LineChart, ScatterChart } from 'echarts/charts';
import { GridComponent, MarkLineComponent } from 'echarts/components';
import type { EChartsCoreOption } from 'echarts/core';
import { init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { Html } from './html.ts';

use([BarChart, LineChart, ScatterChart, GridComponent, MarkLineComponent, SVGRenderer]);

/** A plot that is drawn once, here. */
export interface Plot {
  /** Unique in the page, letters only. */
  readonly key: string;
  readonly width: number;
  readonly height: number;
  readonly option: EChartsCoreOption;
}

/** Draws a plot as SVG that scales with the page; its colours are the page's, light or dark. */
export function drawPlot({ key, width, height, option }: Plot): Html {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height });
  try {
    chart.setOption({ animation: false, textStyle: { fontFamily: 'inherit' }, ...option });
    return new Html(plain(chart.renderToSVGString(), key));
  } finally {
    chart.dispose();
  }
}

/** Without what serves a mouse, and without the numbers that the library counts over the whole process: the same plot is the same text. */
function plain(svg: string, key: string): string {
  return svg
    .replaceAll(/<style ?>[^]*?<\/style>/g, '')
    .replaceAll(/ (?:ecmeta_\w+|class)="[^"]*"/g, '')
    .replaceAll(/\bzr\d+-/g, `${key}-`)
    .replace('<svg ', '<svg role="img" aria-hidden="true" class="plot" ');
}
