/** What the parts of `src/` may import besides themselves; see ARCHITECTURE.md. */
const mayImport = {
  base: [],
  runtime: ['base'],
  vision: ['base'],
  model: ['base', 'vision'],
  store: ['base', 'model'],
  transport: ['base'],
  train: ['base', 'vision', 'model'],
  pool: ['base', 'vision', 'model', 'train'],
  bolt: ['base'],
  cluster: ['base', 'runtime', 'transport', 'bolt'],
  terminal: ['base', 'transport'],
  cli: ['base', 'transport', 'terminal', 'repl'],
  repl: ['base', 'transport', 'terminal'],
  web: ['base', 'transport'],
};

const project = '^(src|actors|test|bench|scripts|wasm)/';
const developers = '^(test|bench|scripts)/';
const folders = (names) => `^src/(${names.join('|')})/`;

const partRules = Object.entries(mayImport).map(([part, others]) => ({
  name: `imports-of-${part}`,
  comment: `src/${part} imports ${others.length === 0 ? 'no other part' : others.join(', ')}.`,
  severity: 'error',
  from: { path: folders([part]) },
  to: { path: project, pathNot: [folders([part, ...others]), ...exceptions(part)] },
}));

/** The kernel is vision's, only `cluster start` makes a node, and a bolt is given tuples. */
function exceptions(part) {
  const allowed = {
    vision: ['^wasm/pkg/'],
    cli: ['^src/node\\.ts$'],
    bolt: ['^src/transport/bolt-tuple\\.ts$'],
  };
  return allowed[part] ?? [];
}

/** A package that one folder wraps for everybody. */
const soleImporter = (npmPackage, folder) => ({
  name: `sole-importer-of-${npmPackage}`,
  comment: `Only ${folder} imports ${npmPackage}, so that it can be replaced there.`,
  severity: 'error',
  from: { path: '^(src|actors|scripts)/', pathNot: `^${folder}/` },
  to: { path: `(^|/)node_modules/${npmPackage}/` },
});

module.exports = {
  forbidden: [
    ...partRules,
    {
      name: 'imports-of-actors',
      comment: 'The actors use the parts, never what starts or shows them.',
      severity: 'error',
      from: { path: '^actors/' },
      to: {
        path: project,
        pathNot: [
          '^actors/',
          folders(['base', 'runtime', 'vision', 'model', 'train', 'store', 'transport', 'pool', 'cluster']),
        ],
      },
    },
    {
      name: 'actors-come-together-in-node',
      comment: 'src/node.ts and src/node/ are the composition root: the sole importers of actors/.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/node(\\.ts$|/)' },
      to: { path: '^actors/' },
    },
    {
      name: 'node-is-started-by-the-command-line',
      comment: 'Only `cluster start` makes a node; everything else speaks to one over NATS.',
      severity: 'error',
      from: { path: '^(src|actors)/', pathNot: '^src/(cli/(start|node-process)\\.ts$|node(\\.ts$|/))' },
      to: { path: '^src/node(\\.ts$|/)' },
    },
    {
      name: 'node-imports-parts',
      comment: 'The composition root knows the parts, not the ways to talk to it.',
      severity: 'error',
      from: { path: '^src/node(\\.ts$|/)' },
      to: { path: [folders(['cli', 'repl']), developers] },
    },
    {
      name: 'imports-of-the-page',
      comment: 'The page runs in a browser: it takes types of what travels, and how fast a run gets on.',
      severity: 'error',
      from: { path: '^src/web/page/', pathNot: '/vite\\.config\\.ts$' },
      to: {
        path: [project, '^node:'],
        pathNot: '^src/(web/page/|transport/(payloads|requests|run-pace)\\.ts$)',
      },
    },
    {
      name: 'page-is-a-program-of-its-own',
      comment: 'The server knows the built files of the page alone.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/web/page/' },
      to: { path: '^src/web/page/' },
    },
    {
      name: 'product-stands-alone',
      comment: 'What runs in production imports no tests, benches or set-up.',
      severity: 'error',
      from: { path: '^(src|actors)/' },
      to: { path: developers },
    },
    {
      name: 'product-needs-no-development-package',
      comment: 'What runs in production imports packages of `dependencies` only.',
      severity: 'error',
      // The page is bundled: its packages are in what the build makes.
      from: { path: '^(src|actors)/', pathNot: '^src/web/page/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], pathNot: '(^|/)node_modules/@types/' },
    },
    {
      name: 'examples-import-what-users-can',
      comment:
        'Examples are files of users: they import `autotag/bolt` and `autotag/topology`, never a path into Autotag.',
      severity: 'error',
      from: { path: '^examples/' },
      to: { path: project },
    },
    soleImporter('nats', 'src/transport'),
    soleImporter('piscina', 'src/pool'),
    soleImporter('pg', 'src/store/postgres'),
    soleImporter('croner', 'src/cluster/schedule'),
    {
      name: 'no-cycles',
      comment: 'No module depends on itself, not even for a type.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'nothing-unresolved',
      comment: 'Every import leads somewhere; what users import of Autotag is there once it is built.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^autotag/' },
    },
  ],
  options: {
    doNotFollow: { path: ['node_modules', '^wasm/pkg/', '^dist/'] },
    tsConfig: { fileName: 'tsconfig.json' },
    // Imports of types alone count as well.
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'types', 'default'],
    },
  },
};
