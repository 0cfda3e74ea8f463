/** What the help says of each command, in its order. Apart from the commands, whose code is loaded only when they are run. */
export const summaries = {
  start: 'Starts a node of the cluster; Ctrl-C drains and ends it.',
  invite:
    'Prints the line that another machine needs: a node to join, a client to find the cluster. It holds a password.',
  token: 'Tokens of the HTTP API: add, list, remove.',
  submit: 'Sends photos to be tagged.',
  search: 'Finds photos by their tags.',
  related: 'Finds photos that look like one, among those that share its strongest tags.',
  correct: 'Accepts or rejects tags of a photo: what a user says wins over every model.',
  corrections: 'Writes what users say of tags to a file, as labels for training.',
  tags: 'Lists the tags that most photos have.',
  thumbnail: "Writes a photo's thumbnail to a file, as WebP.",
  train: 'Trains a model from labelled photos, and follows the run.',
  tag: 'Tags the photos of files with any model, into a file, or stored photos again with the model in use; follows the run.',
  models: 'Models: list, show, compare, put in use, roll back, export, import, remove.',
  dead: 'Photos that were given up: list, show, retry, remove.',
  forget: 'Erases a photo: its tags, features, thumbnail and dead letters.',
  prune: 'Removes old dead letters, models and runs, each if it is named; follows the run.',
  schedule: 'Schedules: add, list, show, pause, resume, run now, remove.',
  status: 'Shows the queue, the model and counts.',
  list: 'Lists the topologies, and where their tasks are.',
  deploy:
    'Deploys a topology with the bolts of its file, or upgrades the one that runs: tried first, then as a whole.',
  rollback: 'Brings back what a topology was before the last deploy; once more, and that is taken back.',
  activate: 'Lets the spouts of a topology take again.',
  deactivate: 'Lets the spouts of a topology take nothing new; what they have is finished.',
  rebalance: 'Changes how many nodes a topology may be on, or how many tasks a component of it has.',
  kill: 'Ends a topology: its spouts first, then what they have is finished, then the rest.',
  nodes: 'Lists the nodes of the cluster, and those that have left it within the last day.',
  repl: 'Inspects the actors of any node.',
} as const;

/** Name of a command. */
export type CommandName = keyof typeof summaries;
