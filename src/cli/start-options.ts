import { Option, type Command } from 'commander';
import { Fault, reasonOf } from '../base/errors.ts';
import {
  flagOf,
  nodeOptions,
  parseNodeOptions,
  type NodeOptionName,
  type NodeOptions,
} from '../base/options.ts';
import { parseStoreUrl } from '../base/store-url.ts';
import { parseAddress } from '../transport/address.ts';
import { parseListening } from '../transport/server/listening.ts';
import { command, type CommonOptions } from './command.ts';
import { summaries } from './summaries.ts';

/** What `cluster start` was told. */
export type StartOptions = CommonOptions & Partial<Record<NodeOptionName, string>>;

/** `cluster start` without what it does: heart and node process read the same command line. */
export function startSyntax(): Command {
  const start = command('start', summaries.start, 'cluster start --threads 4');
  for (const [name, { doc, unit, env, schema }] of Object.entries(nodeOptions)) {
    const fallback = schema.safeParse(undefined).data;
    const notes = [
      unit === undefined ? '' : `in ${unit}`,
      fallback === undefined ? '' : `default ${String(fallback)}`,
    ];
    const note = notes.filter((text) => text !== '').join(', ');
    const option = new Option(`${flagOf(name)} <value>`, note === '' ? doc : `${doc} (${note})`);
    start.addOption(env === undefined ? option : option.env(env));
  }
  return start;
}

/**
 * The options of the node, checked.
 * @throws Fault `USAGE`
 */
export function nodeOptionsOf({ json: _, ...given }: StartOptions): NodeOptions {
  const options = parsed(given);
  // Said before anything is started.
  if (options.nats !== undefined) parseAddress(options.nats);
  if (options.listen !== undefined) parseListening(options.listen, options.port);
  if (options.httpListen !== undefined) parseListening(options.httpListen, options.httpPort, '--http-listen');
  if (options.httpNats !== undefined) parseAddress(options.httpNats);
  if (options.storeUrl !== undefined) parseStoreUrl(options.storeUrl);
  return options;
}

function parsed(given: Partial<Record<NodeOptionName, string>>): NodeOptions {
  try {
    return parseNodeOptions(given);
  } catch (error) {
    throw new Fault('USAGE', { reason: `${reasonOf(error)}; see cluster start --help.` }, error);
  }
}

/** The command line that says the same again. */
export function argumentsOf({ json, ...given }: StartOptions): string[] {
  const flags = Object.entries(given).flatMap(([name, value]) => [flagOf(name), value]);
  return json === true ? [...flags, '--json'] : flags;
}
