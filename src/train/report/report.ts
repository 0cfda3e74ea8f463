import { createHash } from 'node:crypto';
import type { ClassEvaluation, Evaluation, WrongTag } from '../evaluation.ts';
import { html, Html, type HtmlPart } from './html.ts';
import {
  averagePrecisionPlot,
  confusionPlot,
  positivesPlot,
  reliabilityPlot,
  thresholdPlot,
} from './plots.ts';
import { script, style } from './style.ts';
import { drawPlot, type Plot } from './svg.ts';

/** A count of a report, such as what did not match when labels were joined with photos. */
export interface ReportCount {
  readonly what: string;
  readonly count: number;
}

/** How long a step of the run took. */
export interface ReportStep {
  readonly name: string;
  readonly seconds: number;
}

/** All that a report of a training run tells. Plain JSON. */
export interface Report {
  /** The model's name or id. */
  readonly title: string;
  /** When it was made: an ISO time. */
  readonly created: string;
  /** What else is to be said, name and value: extractor, rows, nodes … */
  readonly facts: readonly (readonly [name: string, value: string])[];
  readonly join: readonly ReportCount[];
  readonly steps: readonly ReportStep[];
  readonly evaluation: Evaluation;
}

/** A photo's small picture as WebP, if there is one. */
export type Thumbnail = (photo: string) => Uint8Array | undefined;

/** Of more classes than this, the best and the worst are listed. */
const classRows = 1000;
const photoLimit = 28;
const thumbnailBytes = 32 * 1024;

/** The report as JSON. */
export function reportJson(report: Report): string {
  return `${JSON.stringify({ version: 1, ...report }, undefined, 1)}\n`;
}

/** The report as one page that needs nothing else: no network, no fonts, plots as SVG. At most some megabytes. */
export function reportHtml(report: Report, thumbnail: Thumbnail = () => undefined): string {
  const { title, created, evaluation } = report;
  const scriptHash = createHash('sha256').update(script).digest('base64');
  const policy = `default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-${scriptHash}'`;
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title} – training report</title>
        ${new Html(`<style>${style}</style>`)}
      </head>
      <body>
        <main>
          <header>
            <h1>${name(title)}</h1>
            <p class="note">
              Training report, ${created} · ${plural(evaluation.classes.length, 'class', 'classes')} · judged
              on ${plural(evaluation.photos, 'held-out photo', 'held-out photos')}
            </p>
          </header>
          ${figures(evaluation)}
          <h2>Quality</h2>
          <div class="grid">
            ${plotCard('How good the classes are', 'Average precision: 1 ranks every photo of the class above all others.', averagePrecisionPlot(evaluation))}
            ${plotCard('Does a class need more photos?', 'Each point is a class.', positivesPlot(evaluation))}
            ${plotCard('What a score is worth', 'The five highest scores of each photo, in bins of equally many. On the dashed line, a score is the chance to be right.', reliabilityPlot(evaluation))}
            ${plotCard('What is shown', 'Precision and recall of each class at its threshold.', thresholdPlot(evaluation))}
          </div>
          ${confusionSection(evaluation)}
          ${photoSection('Tags that are wrong', 'Wrong tags with the highest scores. Some of them are labels to mend.', evaluation.falseTags, thumbnail)}
          ${photoSection('Tags that are missing', 'Right tags that were not shown, with the lowest scores.', evaluation.missedTags, thumbnail)}
          ${classSection(evaluation)} ${runSection(report)}
          <footer>Made by Autotag. This page needs no network.</footer>
        </main>
        ${new Html(`<script>${script}</script>`)}
      </body>
    </html> `.text;
}

function figures(evaluation: Evaluation): Html {
  const { meanAveragePrecision, judgedClasses, precision, recall, statedPrecision } = evaluation;
  const { calibrationError, exclusive, shown, photos } = evaluation;
  const entries: readonly (readonly [string, string])[] = [
    [number(meanAveragePrecision), `mean average precision of ${plural(judgedClasses, 'class', 'classes')}`],
    [percent(precision), `of the tags shown are right; ${percent(statedPrecision)} were asked for`],
    [percent(recall), 'of the right tags are shown'],
    [photos === 0 ? '–' : (shown / photos).toFixed(1), 'tags shown a photo'],
    [number(calibrationError), 'calibration error of the five highest scores'],
    ...(exclusive === null
      ? []
      : [
          [
            percent(exclusive.accuracy),
            `of photos: the best of ${plural(exclusive.classes, 'exclusive class', 'exclusive classes')} is right`,
          ] as const,
        ]),
  ];
  return html`<div class="figures">
    ${entries.map(
      ([value, what]) => html`<div class="card figure"><b>${value}</b><span>${what}</span></div> `,
    )}
  </div>`;
}

function plotCard(title: string, note: string, plot: Plot): Html {
  return html`<section class="card">
    <h3>${title}</h3>
    <p class="note">${note}</p>
    ${drawPlot(plot)}
  </section>`;
}

function confusionSection(evaluation: Evaluation): Html | undefined {
  if (evaluation.confusions.length === 0) return undefined;
  return html`<h2>What is taken for what</h2>
    <p class="note">On how many photos a wrong tag is shown above a right one.</p>
    <div class="card">${drawPlot(confusionPlot(evaluation))}</div>`;
}

function photoSection(
  title: string,
  note: string,
  tags: readonly WrongTag[],
  thumbnail: Thumbnail,
): Html | undefined {
  if (tags.length === 0) return undefined;
  return html`<h2>${title}</h2>
    <p class="note">${note}</p>
    <div class="photos">
      ${tags.slice(0, photoLimit).map(
        ({ photo, tag, score }) =>
          html`<div class="photo">
            ${picture(thumbnail(photo))}
            <div><b>${name(tag)}</b> ${score.toFixed(2)}<small>${name(photo)}</small></div>
          </div> `,
      )}
    </div>`;
}

function picture(webp: Uint8Array | undefined): Html | undefined {
  if (webp === undefined || webp.length > thumbnailBytes) return undefined;
  return html`<img
    alt=""
    loading="lazy"
    src="data:image/webp;base64,${Buffer.from(webp).toString('base64')}"
  />`;
}

function classSection({ classes }: Evaluation): Html {
  const ranked = [...classes].sort((left, right) => order(right) - order(left));
  const all = ranked.length <= classRows;
  const listed = all ? ranked : [...ranked.slice(0, classRows / 2), ...ranked.slice(-classRows / 2)];
  const note = all
    ? 'A click on a head sorts by it.'
    : `The best ${String(classRows / 2)} and the worst ${String(classRows / 2)} of ${String(ranked.length)}; the JSON has all.`;
  const heads = ['Class', 'Photos', 'Average precision', 'Precision', 'Recall', 'Shown', 'Threshold'];
  return html`<h2>Classes</h2>
    <p class="note">${note}</p>
    <div class="card scroll">
      <table data-sortable>
        <thead>
          <tr>
            ${heads.map((head, index) => html`<th scope="col" ${index === 2 ? new Html(' aria-sort="descending"') : undefined}><button type="button">${head}</button></th>`)}
          </tr>
        </thead>
        <tbody>
          ${listed.map(classRow)}
        </tbody>
      </table>
    </div>`;
}

/** Classes that could not be judged come last. */
function order({ averagePrecision }: ClassEvaluation): number {
  return averagePrecision ?? -1;
}

function classRow(entry: ClassEvaluation): Html {
  return html`<tr>
    <td>${name(entry.name)}</td>
    <td>${entry.positives}</td>
    <td>${number(entry.averagePrecision)}</td>
    <td>${number(entry.precision)}</td>
    <td>${number(entry.recall)}</td>
    <td>${Math.round(entry.shown)}</td>
    <td>${number(entry.threshold)}</td>
  </tr> `;
}

function runSection({ facts, join, steps }: Report): Html | undefined {
  if (facts.length + join.length + steps.length === 0) return undefined;
  const longest = Math.max(...steps.map(({ seconds }) => seconds), 1e-9);
  return html`<h2>The run</h2>
    <div class="grid">
      ${listCard(
        'Time',
        steps.map(({ name: step, seconds }) => [step, duration(seconds), bar(seconds / longest)]),
      )}
      ${listCard(
        'Labels and photos',
        join.map(({ what, count }) => [what, count.toLocaleString('en')]),
      )}
      ${listCard(
        'Facts',
        facts.map(([what, value]) => [what, value]),
      )}
    </div>`;
}

function listCard(title: string, rows: readonly (readonly HtmlPart[])[]): Html | undefined {
  if (rows.length === 0) return undefined;
  return html`<section class="card">
    <h3>${title}</h3>
    <table>
      <tbody>
        ${rows.map(
          ([what, value, extra]) =>
            html`<tr>
              <td>${what}</td>
              ${extra === undefined ? undefined : html`<td class="bar">${extra}</td>`}
              <td>${value}</td>
            </tr> `,
        )}
      </tbody>
    </table>
  </section>`;
}

function bar(share: number): Html {
  return html`<i style="width: ${(100 * share).toFixed(1)}%"></i>`;
}

/** A name of somebody's: set apart from its surroundings, whichever way it is written. */
function name(text: string): Html {
  return html`<bdi>${text}</bdi>`;
}

function plural(count: number, one: string, many: string): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
}

function number(value: number | null): string {
  return value === null ? '–' : value.toFixed(3);
}

function percent(value: number | null): string {
  return value === null ? '–' : `${(100 * value).toFixed(1)} %`;
}

function duration(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${String(minutes)} min ${String(Math.round(seconds - 60 * minutes))} s`;
  return `${String(Math.floor(minutes / 60))} h ${String(minutes % 60)} min`;
}
