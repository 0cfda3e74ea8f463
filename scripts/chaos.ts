// `npm run chaos`: kills threads, nodes, servers and actors under load, and proves that nothing is lost.
import { parseArgs } from 'node:util';
import { markdownOf, tableOf } from '../test/chaos/report-tables.ts';
import { runScenario, type Scenario, type ScenarioReport } from '../test/chaos/scenario.ts';
import { scenarios } from '../test/chaos/scenarios.ts';
import { soak, soakObstacles } from '../test/chaos/soak.ts';
import { trainingTroubles, trainingUnderChaos, type TrainingReport } from '../test/chaos/training.ts';

const usage = `npm run chaos -- [--seed N] [--seeds N] [--minutes M] [--only NAME,NAME] [--photos N] [--rate N] [--times N] [--kills N] [--swaps N] [--json] [--markdown]

  --seed N       first seed; printed, so that a run can be repeated (default: the time)
  --minutes M    go on with further seeds until M minutes are over (default: once through)
  --seeds N      everything at once with N seeds, on one node and on three in turns, M/N minutes each (M: default 3 N)
  --only NAMES   undisturbed, threads, node, nats, store, actors, nodes, rebalance, cluster, all, poison, clocks, disk, cut, leader-paused, hung, kills, swaps, training;
                 with figures: recovery, postgres, leader, servers, threads-fast, dip-rebalance, dip-deploy
  --photos N     photos of each scenario (default 3000), --rate N of them a second (default 50)
  --times N      nodes, leaders, nats-servers killed one by one by recovery, postgres, leader, servers (default 20)
  --phase M      minutes without and with kills of threads-fast (default 5)
  --kills N      threads killed by kills (default 2000)
  --swaps N      models put in use by swaps (default 20)
  --labelled N   labelled photos of training (default 320), whose node is killed ten times
  --json         reports as JSON on stdout
  --markdown     the table in Markdown

For example: npm run chaos -- --seeds 10 --minutes 30 --seed 1 --markdown

Ends with 1 if anything did not hold.`;

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    seeds: { type: 'string' },
    minutes: { type: 'string' },
    only: { type: 'string' },
    photos: { type: 'string', default: '3000' },
    rate: { type: 'string', default: '50' },
    times: { type: 'string', default: '20' },
    phase: { type: 'string', default: '5' },
    kills: { type: 'string', default: '2000' },
    swaps: { type: 'string', default: '20' },
    labelled: { type: 'string', default: '320' },
    json: { type: 'boolean', default: false },
    markdown: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const reports: ScenarioReport[] = [];
const training: TrainingReport[] = [];
let failures = 0;

if (values.help) console.log(usage);
else {
  await (values.seeds === undefined ? runNamed() : runSeeds(Number(values.seeds)));
  if (values.json) console.log(JSON.stringify([...reports, ...training], null, 2));
  else if (reports.length > 0) console.log((values.markdown ? markdownOf : tableOf)(reports));
  console.error(failures === 0 ? 'Everything held.' : `${String(failures)} things did not hold.`);
  process.exitCode = failures === 0 ? 0 : 1;
}

/** Everything at once, with one seed after the other. */
async function runSeeds(seeds: number): Promise<void> {
  const minutes = Number(values.minutes ?? 3 * seeds) / seeds;
  for (const obstacle of soakObstacles) console.error(`On this machine ${obstacle}`);
  for (let index = 0; index < seeds; index++) {
    // By the seed, so that one that fails can be run alone.
    await attempt('everything', Number(values.seed) + index, (seed) =>
      runPlain(soak(minutes, Number(values.rate), seed % 2 === 0 ? 3 : 1), seed),
    );
  }
}

/** Each scenario that was named, with as many seeds as there is time for. */
async function runNamed(): Promise<void> {
  const made = scenarios({
    photos: Number(values.photos),
    rate: Number(values.rate),
    kills: Number(values.kills),
    swaps: Number(values.swaps),
    times: Number(values.times),
    minutes: Number(values.phase),
  });
  const names = values.only?.split(',') ?? [...Object.keys(made), 'training'];
  const unknown = names.find((name) => name !== 'training' && made[name] === undefined);
  if (unknown !== undefined) throw new Error(`there is no scenario ${unknown}\n\n${usage}`);
  const deadline = performance.now() + Number(values.minutes ?? 0) * 60_000;
  let seed = Number(values.seed);
  do {
    for (const name of names) {
      const scenario = made[name];
      await attempt(name, seed, async (own) =>
        scenario === undefined ? runTraining(own) : runPlain(await scenario(), own),
      );
    }
    seed += 1;
  } while (performance.now() < deadline);
}

async function attempt(name: string, seed: number, act: (seed: number) => Promise<void>): Promise<void> {
  console.error(`${name}, seed ${String(seed)} …`);
  try {
    await act(seed);
  } catch (error) {
    console.error(error);
    failures += 1;
  }
}

async function runPlain(scenario: Scenario, seed: number): Promise<void> {
  const report = await runScenario(scenario, seed);
  reports.push(report);
  failures += report.violations.length;
  const { seconds, acknowledged, lost, buried, violations } = report;
  const verdict = violations.length === 0 ? 'held' : violations.join('\n  ');
  console.error(`  ${String(acknowledged)} photos in ${String(seconds)} s, ${String(lost)} lost: ${verdict}`);
  for (const one of buried) console.error(`  a dead letter that can be tagged: ${one}`);
}

async function runTraining(seed: number): Promise<void> {
  const sizes = { photos: Number(values.labelled), kills: 10, others: trainingTroubles() };
  const report = await trainingUnderChaos(sizes, seed);
  training.push(report);
  failures += report.violations.length;
  const { photos, seconds, faults, violations } = report;
  const verdict = violations.length === 0 ? 'the same bits each time' : violations.join('\n  ');
  const done = Object.entries(faults).map(([name, count]) => `${String(count)} ${name}`);
  console.error(
    `  learned from ${String(photos)} photos in ${String(seconds)} s, ${done.join(', ')}: ${verdict}`,
  );
}
