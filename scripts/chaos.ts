// `npm run chaos`: kills threads, nodes, servers and actors under load, and proves that nothing is lost.
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { runScenario, type ScenarioReport } from '../test/chaos/scenario.ts';
import { scenarios } from '../test/chaos/scenarios.ts';
import { trainingTroubles, trainingUnderChaos, type TrainingReport } from '../test/chaos/training.ts';

const usage = `npm run chaos -- [--seed N] [--minutes M] [--only NAME,NAME] [--photos N] [--rate N] [--kills N] [--swaps N] [--json]

  --seed N       first seed; printed, so that a run can be repeated (default: the time)
  --minutes M    go on with further seeds until M minutes are over (default: once through)
  --only NAMES   undisturbed, threads, node, nats, store, actors, recovery, leader, servers, nodes, rebalance, cluster, all, kills, swaps, training
  --photos N     photos of each scenario (default 3000), --rate N of them a second (default 50)
  --kills N      threads killed by \`kills\` (default 2000)
  --times N      nodes, leaders, nats-servers killed one by one by \`recovery\`, \`leader\`, \`servers\` (default 20)
  --swaps N      models put in use by \`swaps\` (default 20)
  --labelled N   labelled photos of training (default 320), whose node is killed ten times
  --json         reports as JSON on stdout

Ends with 1 if anything did not hold.`;

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    minutes: { type: 'string', default: '0' },
    only: { type: 'string' },
    photos: { type: 'string', default: '3000' },
    rate: { type: 'string', default: '50' },
    kills: { type: 'string', default: '2000' },
    times: { type: 'string', default: '20' },
    swaps: { type: 'string', default: '20' },
    labelled: { type: 'string', default: '320' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) console.log(usage);
else process.exitCode = await run();

async function run(): Promise<number> {
  const made = scenarios({
    photos: Number(values.photos),
    rate: Number(values.rate),
    kills: Number(values.kills),
    swaps: Number(values.swaps),
    times: Number(values.times),
  });
  const names = values.only?.split(',') ?? [...Object.keys(made), 'training'];
  const reports: ScenarioReport[] = [];
  const training: TrainingReport[] = [];
  let failures = 0;
  const deadline = performance.now() + Number(values.minutes) * 60_000;
  let seed = Number(values.seed);
  do {
    for (const name of names) {
      const scenario = made[name];
      if (scenario === undefined && name !== 'training')
        throw new Error(`there is no scenario ${name}\n\n${usage}`);
      console.error(`${name}, seed ${String(seed)} …`);
      try {
        if (scenario === undefined) {
          const report = await trainingUnderChaos(trainingSizes(), seed);
          training.push(report);
          console.error(trainingSummaryOf(report));
          failures += report.violations.length;
          continue;
        }
        const report = await runScenario(await scenario(), seed);
        reports.push(report);
        console.error(summaryOf(report));
        failures += report.violations.length;
      } catch (error) {
        console.error(error);
        failures += 1;
      }
    }
    seed += 1;
  } while (performance.now() < deadline);
  if (values.json) console.log(JSON.stringify([...reports, ...training], null, 2));
  else if (reports.length > 0) console.log(tableOf(reports));
  console.error(failures === 0 ? 'Everything held.' : `${String(failures)} things did not hold.`);
  return failures === 0 ? 0 : 1;
}

function summaryOf({ seconds, acknowledged, lost, violations }: ScenarioReport): string {
  const verdict = violations.length === 0 ? 'held' : violations.join('\n  ');
  return `  ${String(acknowledged)} photos in ${String(seconds)} s, ${String(lost)} lost: ${verdict}`;
}

function trainingSizes() {
  return { photos: Number(values.labelled), kills: 10, others: trainingTroubles() };
}

function trainingSummaryOf({ photos, seconds, faults, violations }: TrainingReport): string {
  const verdict = violations.length === 0 ? 'the same bits each time' : violations.join('\n  ');
  const done = Object.entries(faults).map(([name, count]) => `${String(count)} ${name}`);
  return `  learned from ${String(photos)} photos in ${String(seconds)} s, ${done.join(', ')}: ${verdict}`;
}

function figuresOf({ figures }: ScenarioReport): string {
  return Object.entries(figures)
    .map(([what, { n, median, worst }]) => `${what}\n  ${String(n)}: ${String(median)}, ${String(worst)}`)
    .join('\n');
}

function tableOf(reports: readonly ScenarioReport[]): string {
  const table = new Table({
    head: [
      'scenario',
      'seed',
      'faults',
      'photos',
      'rows',
      'dead',
      'lost',
      'doubled',
      'runs a photo',
      'n: median, worst',
      'MiB before, after',
      'held',
    ],
    style: { head: [], border: [] },
  });
  for (const report of reports)
    table.push([
      report.name,
      report.seed,
      Object.entries(report.faults)
        .map(([name, count]) => `${String(count)} ${name}`)
        .join('\n'),
      report.acknowledged,
      report.rows,
      report.dead,
      report.lost,
      report.doubled,
      report.kernelRunsPerPhoto,
      figuresOf(report),
      report.residentMib.join(', '),
      report.violations.length === 0 ? 'yes' : 'NO',
    ]);
  return table.toString();
}
