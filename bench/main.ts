import { Command, Option } from 'commander';
import { parts } from './parts.ts';
import { host } from './results/host.ts';
import type { PartResult } from './results/part.ts';
import { report } from './results/report.ts';
import { saveRun } from './results/run-folder.ts';

interface BenchFlags {
  readonly photos?: string;
  readonly store?: string;
  readonly data?: string;
  readonly fresh?: true;
  readonly quick?: true;
  readonly clean?: true;
  readonly json?: true;
  readonly save?: true;
}

const partList = parts
  .map(({ name, about, isLong }) => `  ${name.padEnd(14)}${about}${isLong ? ' (long: only when named)' : ''}`)
  .join('\n');

await new Command('npm run bench --')
  .description(
    'Measures Autotag on this machine. All parts but the long ones take less than ten minutes; whole runs are saved under bench/runs/.',
  )
  .argument('[parts...]', 'parts to run; all of them if none is named')
  .option(
    '--photos <folder>',
    'photos to tag, instead of the demo photos in some hundred variants; search: how many are made',
  )
  .addOption(
    new Option('--store <store>', 'search: the tag store')
      .choices(['embedded', 'postgres', 'both'])
      .default('both'),
  )
  .addOption(
    new Option(
      '--data <folder>',
      'labelled photos: train and test, .pixels.tsv.gz and .labels.tsv.gz; by default a set that is fetched',
    ).env('AUTOTAG_BENCH_DATA'),
  )
  .option('--fresh', 'train: measure LIBLINEAR again, although it is known')
  .option('--quick', 'small sizes, to see that it runs')
  .option('--clean', 'train: remove what would make the next run quicker')
  .option('--save', 'save the run although it has some of the parts only')
  .option('--json', 'print the summary as JSON')
  .addHelpText('after', `\nParts:\n${partList}\n\nExample:\n  npm run bench -- pipeline kernel`)
  .action(bench)
  .parseAsync();

async function bench(names: readonly string[], flags: BenchFlags, command: Command): Promise<void> {
  const unknown = names.find((name) => !parts.some((part) => part.name === name));
  if (unknown !== undefined) command.error(`There is no part ${unknown}; see --help.`, { exitCode: 2 });
  const chosen = parts.filter(({ name, isLong }) =>
    names.length === 0 ? isLong !== true : names.includes(name),
  );
  const results = new Map<string, PartResult>();
  for (const { name, run } of chosen)
    results.set(
      name,
      await run({
        photos: flags.photos,
        store: flags.store,
        data: flags.data,
        fresh: flags.fresh === true,
        quick: flags.quick === true,
        clean: flags.clean === true,
        progress: (line) => {
          console.error(`${name}: ${line}`);
        },
      }),
    );
  const summary = Object.assign(
    {},
    ...[...results.values()].map((result) => result.summary),
  ) as PartResult['summary'];
  const isWhole = names.length === 0 || chosen.some(({ isLong }) => isLong === true);
  if (flags.save === true || (isWhole && flags.quick !== true))
    console.error(`saved in ${await saveRun(results, summary, names)}`);
  console.log(flags.json === true ? JSON.stringify({ host, summary }) : report(summary));
}
