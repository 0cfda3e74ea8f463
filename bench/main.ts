import { Command } from 'commander';
import { parts } from './parts.ts';
import { host } from './results/host.ts';
import type { PartResult } from './results/part.ts';
import { report } from './results/report.ts';
import { saveRun } from './results/run-folder.ts';

interface BenchFlags {
  readonly photos?: string;
  readonly json?: true;
  readonly save?: true;
}

const partList = parts.map(({ name, about }) => `  ${name.padEnd(14)}${about}`).join('\n');

await new Command('npm run bench --')
  .description(
    'Measures Autotag on this machine. All parts take less than ten minutes and are saved under bench/runs/.',
  )
  .argument('[parts...]', 'parts to run; all of them if none is named')
  .option('--photos <folder>', 'photos to tag, instead of the demo photos in some hundred variants')
  .option('--save', 'save the run although it does not have all parts')
  .option('--json', 'print the summary as JSON')
  .addHelpText('after', `\nParts:\n${partList}\n\nExample:\n  npm run bench -- pipeline kernel`)
  .action(bench)
  .parseAsync();

async function bench(names: readonly string[], flags: BenchFlags, command: Command): Promise<void> {
  const unknown = names.find((name) => !parts.some((part) => part.name === name));
  if (unknown !== undefined) command.error(`There is no part ${unknown}; see --help.`, { exitCode: 2 });
  const chosen = parts.filter(({ name }) => names.length === 0 || names.includes(name));
  const results = new Map<string, PartResult>();
  for (const { name, run } of chosen)
    results.set(
      name,
      await run({
        photos: flags.photos,
        progress: (line) => {
          console.error(`${name}: ${line}`);
        },
      }),
    );
  const summary = Object.assign(
    {},
    ...[...results.values()].map((result) => result.summary),
  ) as PartResult['summary'];
  if (flags.save === true || chosen.length === parts.length)
    console.error(`saved in ${await saveRun(results, summary)}`);
  console.log(flags.json === true ? JSON.stringify({ host, summary }) : report(summary));
}
