import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Option, type Command } from 'commander';
import { Fault, reasonOf } from '../base/errors.ts';
import { nodeOptions } from '../base/options.ts';
import { Output } from '../terminal/output.ts';
import { parseAddress } from '../transport/address.ts';
import { invitationToken } from '../transport/invitation.ts';
import { invitationOf } from '../transport/server/invitations.ts';
import { roles, type Role } from '../transport/subjects.ts';
import type { Cli } from './cli.ts';
import { command, type CommonOptions } from './command.ts';
import { summaries } from './summaries.ts';

interface InviteOptions extends CommonOptions {
  readonly data: string;
  readonly role: Role;
  readonly name: string;
  readonly nats?: string;
  readonly authority?: string;
}

const secondNode = 'n2';

/** `cluster invite`: prints what another machine needs to join the cluster, or to use it. */
export function inviteCommand(cli: Cli): Command {
  const folder = nodeOptions.data.schema.parse(undefined);
  return command('invite', summaries.invite, 'cluster invite --name n3')
    .addOption(new Option('--role <role>', 'who is invited').choices(roles).default('node'))
    .option('--name <name>', 'name of the node that is invited', secondNode)
    .option('--data <folder>', 'data folder of the node that was started with --listen', folder)
    .option('--nats <url>', 'invites to nats-servers of your own: tls://USER:PASSWORD@HOST:PORT,tls://…')
    .option('--authority <file>', 'with --nats: certificate of the authority that issued theirs, PEM')
    .action(async (options: InviteOptions) => {
      const { role, name } = options;
      const token = await (options.nats === undefined ? fromDataFolder(options) : fromUrl(options));
      const line = role === 'node' ? joinLine(token, name) : `export CLUSTER_NATS_URL=${token}`;
      await new Output(cli, options.json === true).result({ role, token, line }, line);
    });
}

/** The command with which another machine's node joins. */
export function joinLine(token: string, name = secondNode): string {
  return `cluster start --nats ${token} --name ${name}`;
}

/** @throws Fault `NOT_LISTENING`, `DATA_FOLDER` */
async function fromDataFolder({ data, role }: InviteOptions): Promise<string> {
  const token = await invitationOf(data, role);
  if (token === undefined) throw new Fault('NOT_LISTENING', { folder: data });
  return token;
}

/** @throws Fault `USAGE`, `FILE_READ` */
async function fromUrl({ nats = '', authority = '' }: InviteOptions): Promise<string> {
  const { url, tls, credentials } = parseAddress(nats);
  if (!tls || credentials === undefined || authority === '')
    throw new Fault('USAGE', { reason: 'Give --nats tls://USER:PASSWORD@HOST:PORT and --authority FILE.' });
  return invitationToken({ url, ...credentials, authority: await readCertificates(authority) });
}

/** The certificates of a file, without anything else that it may hold. */
async function readCertificates(file: string): Promise<string> {
  try {
    const text = await readFile(file, 'utf8');
    const found = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
    if (found.length === 0) throw new Error('it holds no certificate');
    return found.map((pem) => new X509Certificate(pem).toString()).join('');
  } catch (error) {
    throw new Fault('FILE_READ', { file, reason: reasonOf(error) }, error);
  }
}
